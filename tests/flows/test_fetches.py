"""Files by reference: a vendor names an address, the exchange fetches and examines."""

import io
import re
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from threading import Event, Thread

import pytest

from listings import fetches
from marketplace import fetching, outgoing
from settlement import clock, ids
from tests.flows.market import FACTS, begun, location
from tests.servers import QuietServer

GOOD = b"port,day\nShanghai,2026-01-01\nNingbo,2026-01-02\n"
LONG = 300_000


class Files(BaseHTTPRequestHandler):
    """A server of files: whole ones, none, packed, cut off, and one that waits."""

    go_on = Event()

    def do_GET(self):
        if self.path == "/away":
            self._head(302, Location="http://127.0.0.1:22/ports.csv")
        elif self.path == "/moved.csv":
            self._head(302, Location="/ports.csv")
        elif self.path == "/gone.csv":
            self._head(404)
        elif self.path == "/packed.csv":
            self._head(200, Content_Encoding="gzip")
        elif self.path == "/cut.csv":
            self._head(200, Content_Length="1000")
            self.wfile.write(GOOD)
        elif self.path == "/huge.csv":
            self._head(200, Content_Length=str(3 * 1024**3))
        elif self.path == "/slow.csv":
            self._head(200, Content_Length=str(LONG))
            self.wfile.write(b"port,day\n")
            Files.go_on.wait(20)
            self.wfile.write(b"A,1\n" * ((LONG - 9) // 4) + b"A,1"[: (LONG - 9) % 4])
        else:
            self._head(200, Content_Length=str(len(GOOD)))
            self.wfile.write(GOOD)

    def _head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_said):
        pass


@pytest.fixture(scope="module")
def there():
    server = QuietServer(("127.0.0.1", 0), Files)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    Files.go_on.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(config, there):
    Files.go_on.clear()
    return replace(config, reachable=(there,))


def _until(found, seconds=10.0):
    ends_s = clock.elapsed_s() + seconds
    while clock.elapsed_s() < ends_s:
        if (answer := found()) is not None:
            return answer
        time.sleep(0.02)
    raise AssertionError


def _ended(client, key, address):
    def look():
        told = client.get(address, headers=key).json
        return told if told["state"] not in ("queued", "fetching") else None

    return _until(look)


@pytest.fixture
def desk(app, visit, bearer):
    """Begins a release by the API; gives what asks for a file in it."""
    page = begun(visit("vendor"), **FACTS)
    product = page.rpartition("/")[2]
    key, client = bearer("vendor", "vendor"), app.test_client()
    release = client.post(
        f"/api/v1/products/{product}/releases", json={"label": "1"}, headers=key
    ).json["id"]

    def ask(url, **more):
        address = f"/api/v1/releases/{release}/fetches"
        return client.post(address, json={"url": url} | more, headers=key)

    return ask, client, key, release, page


def test_a_file_is_fetched_examined_and_its_origin_kept(there, desk, visit):
    ask, client, key, release, page = desk
    asked = ask(f"http://{there}/moved.csv", name="ports.csv")
    assert asked.status_code == 201
    told = _ended(client, key, asked.headers["Location"])
    assert (told["state"], told["received"]) == ("done", len(GOOD))
    assert told["came_from"] == f"http://{there}/ports.csv"
    report = f"/api/v1/files/{told['file']}/report"
    found = _until(
        lambda: (
            client.get(report, headers=key).json["done_us"]
            and client.get(report, headers=key).json
        )
    )
    assert (found["state"], found["tables"][0]["rows"]) == ("done", 2)
    (file,) = client.get(f"/api/v1/releases/{release}", headers=key).json["files"]
    assert (file["name"], file["size"]) == ("ports.csv", len(GOOD))
    shown = visit("vendor").get(f"/vendor/files/{told['file']}").text
    assert f"http://{there}/moved.csv" in shown
    assert file["sha256"] in shown
    assert client.delete(asked.headers["Location"], headers=key).status_code == 409
    final = client.post(f"/api/v1/releases/{release}/finalise", headers=key)
    assert final.status_code == 200
    assert f"http://{there}/moved.csv" in visit("vendor").get(page).text


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/away", "port"),
        ("/gone.csv", "status"),
        ("/packed.csv", "encoded"),
        ("/cut.csv", "cut_off"),
        ("/huge.csv", "file_too_large"),
    ],
)
def test_what_cannot_be_fetched_says_why_and_leaves_nothing(there, desk, path, why):
    ask, client, key, release, _page = desk
    asked = ask(f"http://{there}{path}", name="ports.csv")
    told = _ended(client, key, asked.headers["Location"])
    assert (told["state"], told["why"], told["file"]) == ("failed", why, None)
    assert not client.get(f"/api/v1/releases/{release}", headers=key).json["files"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://files.example/a.csv", "not_https"),
        ("https://user:x@files.example/a.csv", "credentials"),
        ("https://files.example:22/a.csv", "port"),
        ("file:///etc/passwd", "no_address"),
    ],
)
def test_other_addresses_are_refused_at_once(desk, url, why):
    answer = desk[0](url)
    assert (answer.status_code, answer.json["code"]) == (422, "not_reachable")
    assert answer.json["why"] == why


def test_a_private_machine_is_never_asked(desk):
    ask, client, key, _release, _page = desk
    asked = ask("https://127.0.0.1/ports.csv")
    told = _ended(client, key, asked.headers["Location"])
    assert (told["state"], told["why"], told["status"]) == (
        "failed",
        "not_public",
        None,
    )


def test_a_name_is_taken_once_and_needed(there, desk):
    ask, client, key, *_ = desk
    first = ask(f"http://{there}/slow.csv")
    for answer in (ask(f"http://{there}/slow.csv"), ask(f"http://{there}/")):
        assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    client.delete(first.headers["Location"], headers=key)
    Files.go_on.set()


def test_the_page_shows_progress_and_a_fetch_can_be_cancelled(there, desk, visit):
    _ask, client, key, release, page = desk
    vendor = visit("vendor")
    said = vendor.post(
        f"/vendor/releases/{release}/files", addresses=f"http://{there}/slow.csv"
    )
    assert location(said).startswith(page)

    def begun_fetching():
        text = vendor.get(f"/vendor/releases/{release}/files").text
        return text if "<progress" in text else None

    text = _until(begun_fetching)
    assert 'hx-trigger="every 2s"' in text
    refused = client.post(f"/api/v1/releases/{release}/finalise", headers=key)
    assert (refused.status_code, refused.json["code"]) == (409, "being_fetched")
    fetch = re.search(r"/vendor/fetches/(fch_\w+)/cancel", text)[1]
    assert visit("other").post(f"/vendor/fetches/{fetch}/cancel").status_code == 404
    location(vendor.post(f"/vendor/fetches/{fetch}/cancel"))
    Files.go_on.set()
    text = vendor.get(page).text
    assert "已取消" in text
    location(vendor.post(f"/vendor/fetches/{fetch}/retry"))
    told = client.get(f"/api/v1/releases/{release}/fetches", headers=key).json
    again = _ended(client, key, f"/api/v1/fetches/{told[-1]['id']}")
    assert (again["state"], again["size"]) == ("done", LONG)


def test_a_release_can_be_made_of_addresses_alone(there, desk, visit):
    *_, page = desk
    vendor = visit("vendor")
    lines = f"http://{there}/ports.csv\nsecond.csv http://{there}/other"
    location(vendor.post(f"{page}/releases", label="2", addresses=lines))

    def both_there():
        text = vendor.get(page).text
        return text if len(set(re.findall(r"/files/(fil_\w+)", text))) == 2 else None

    assert "second.csv" in _until(both_there)
    refused = vendor.post(f"{page}/releases", label="3", addresses="ftp://a.example/b")
    assert refused.status_code == 422
    assert "ftp://a.example/b" in refused.text  # what was typed is kept


def test_what_a_dead_process_left_is_taken_by_another(there, desk, parts, monkeypatch):
    ask, client, key, *_ = desk
    monkeypatch.setattr(parts.fetcher, "_work", lambda: None)
    asked = ask(f"http://{there}/ports.csv")
    with parts.writes.begin() as db:
        left = fetches.claim(db)
        assert fetches.claim(db) is None  # it has an owner
        assert ids.encode("fetch", left.id) == asked.json["id"]
    monkeypatch.undo()
    monkeypatch.setattr(fetches, "LEASE_US", -1)
    parts.fetcher.begin().result()
    told = client.get(asked.headers["Location"], headers=key).json
    assert told["state"] == "done"


def test_who_sends_drop_by_drop_is_given_up(there, desk, monkeypatch):
    ask, client, key, *_ = desk
    monkeypatch.setattr(fetching, "ALL_S", 0.5)
    monkeypatch.setattr(outgoing, "WAIT_S", 0.3)
    asked = ask(f"http://{there}/slow.csv")
    told = _ended(client, key, asked.headers["Location"])
    assert (told["state"], told["why"]) in {
        ("failed", "too_slow"),
        ("failed", "no_answer"),
    }


def test_what_fails_before_the_page_is_answered_keeps_the_release_open(
    there, desk, visit, monkeypatch
):
    """As on a busy machine: the fetch is over before the request is."""
    _ask, _client, _key, _release, page = desk
    begin = fetching.Fetcher.begin

    def begin_and_end(self):
        asked = begin(self)
        asked.result(timeout=20)
        return asked

    monkeypatch.setattr(fetching.Fetcher, "begin", begin_and_end)
    vendor = visit("vendor")
    address = f"lost.csv http://{there}/gone.csv"
    location(vendor.post(f"{page}/releases", label="2", addresses=address))
    files = (io.BytesIO(GOOD), "more.csv")
    location(vendor.post(f"{page}/releases", label="3", addresses=address, files=files))
    shown = vendor.get(page).text
    assert len(re.findall(r"/fetches/fch_\w+/retry", shown)) == 2
    # Each is open; the one with a file may be finalised without the lost one.
    whole = re.findall(r"/vendor/releases/(rel_\w+)/finalise", shown)
    location(vendor.post(f"/vendor/releases/{whole[0]}/finalise"))
