"""The buyer's client against a served exchange: find, buy, fetch, go on, say no."""

import json
import stat
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from marketplace.cli import main
from marketplace.client import accounts, answers, pulling, sentences
from tests.programs import pay_in, program, sun, upload
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]
BIG = b"station,hours\n" + b"58362,7\n" * 200_000  # more than one piece
CUT = 700_000  # bytes after which the line breaks


class Line:
    """A server's application whose next answers break off, or are altered."""

    def __init__(self, inner):
        self.inner, self.cuts, self.altered, self.asked = inner, 0, False, []

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.asked.append((environ["REQUEST_METHOD"], path, environ.get("HTTP_RANGE")))
        body = self.inner(environ, start_response)
        if not path.endswith(("/deliveries", "/content")):
            return body
        return self._sent(body)

    def _sent(self, body):
        sent = 0
        for whole in body:
            piece = whole.replace(b"7", b"8") if self.altered else whole
            if self.cuts and sent + len(piece) > CUT:
                self.cuts -= 1
                yield piece[: CUT - sent]
                raise ConnectionError  # the server hangs up
            sent += len(piece)
            yield piece


@pytest.fixture
def line(app):
    made = Line(app.wsgi_app)
    app.wsgi_app = made
    return made


@pytest.fixture
def address(app, line):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command as a user with a directory of their own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def run(*words, language="en_US.UTF-8", given=""):
        monkeypatch.setenv("LANG", language)
        sentences._catalogue.cache_clear()
        answer = CliRunner().invoke(main, [str(word) for word in words], input=given)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), (
            answer.exception
        )
        return answer

    yield run
    sentences._catalogue.cache_clear()


@pytest.fixture
def signed_in(run, address, bearer):
    key = bearer("buyer", "trade")["Authorization"].removeprefix("Bearer ")
    assert run("login", address, given=key + "\n").exit_code == 0
    return key


@pytest.fixture
def right(run, program, sun, signed_in):
    """A right with a large file, bought by the command."""
    vendor = program("vendor")
    release = vendor.made(f"/products/{sun.product}/releases", {"label": "2.0"})["id"]
    upload(vendor, release, "hours.csv", BIG)
    vendor.made(f"/releases/{release}/finalise")
    pay_in(program, "buyer", 5_000)
    bought = run("buy", "SUN", "--purpose", "internal_analysis", "--yes")
    assert bought.exit_code == 0, bought.output
    return program("buyer").read("/entitlements")["data"][0]["id"]


def test_signing_in_keeps_the_key_for_oneself_and_sends_it_nowhere_in_plain(
    run, address, signed_in
):
    kept = accounts.file()
    assert json.loads(kept.read_text()) == {"address": address, "key": signed_in}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for wrong in (
        "http://exchange.example",
        "ftp://127.0.0.1",
        "https://u:p@x.example",
    ):
        answer = run("login", wrong, given="k\n")
        assert answer.exit_code == 1
        assert "https" in answer.stderr
    bad = run("login", address, given=f"dbk_{'0' * 12}_{'a' * 43}\n", language="zh_CN")
    assert bad.exit_code == 1
    assert "✗" in bad.stderr
    assert "密钥" in bad.stderr
    assert json.loads(kept.read_text())["key"] == signed_in
    unreached = run("login", "http://127.0.0.1:9", given="k\n", language="zh_CN")
    assert unreached.exit_code == 3
    assert "无法连接" in unreached.stderr
    run("login", "--forget")
    assert run("rights").exit_code == 1


def test_what_is_found_is_bought_listed_and_brought_here(
    run, right, sun, program, tmp_path, line
):
    listed = run("rights")
    assert right in listed.stdout
    assert "SUN" in listed.stdout
    files = run("rights", right)
    assert sha256(BIG).hexdigest() in files.stdout
    to = tmp_path / "mine"
    answer = run("pull", right, "--to", to)
    assert answer.exit_code == 0, answer.output
    assert (to / "hours.csv").read_bytes() == BIG
    assert [path.name for path in to.iterdir()] == ["hours.csv"]
    again = run("pull", right, "--to", to, language="zh_CN.UTF-8")
    assert "1 个已在此处" in again.stdout
    assert program("buyer").read(f"/entitlements/{right}")["deliveries"] == 1
    assert run("pull", right, "nothing.csv", "--to", to).exit_code == 1
    share = tmp_path / "mine.share"
    assert run("profile", right, "--to", share).exit_code == 0
    assert json.loads(share.read_text())["shareCredentialsVersion"] == 1
    assert stat.S_IMODE(share.stat().st_mode) == 0o600
    assert run("profile", right, "--to", share).exit_code == 1  # never written over
    found = run("search", "sunshine")
    assert found.exit_code == 0
    refused = run("buy", "SUN", "--purpose", "internal_analysis", given="n\n")
    assert refused.exit_code == 1
    dear = run(
        "buy", "SUN", "--purpose", "internal_analysis", "--quantity", 99, "--yes"
    )
    assert dear.exit_code == 1
    assert len(program("buyer").read("/entitlements")["data"]) == 1


def test_a_file_that_breaks_off_goes_on_where_it_was_and_counts_once(
    run, right, program, tmp_path, line, monkeypatch
):
    to = tmp_path / "mine"
    line.cuts = 1
    line.asked.clear()
    assert run("pull", right, "--to", to).exit_code == 0
    assert (to / "hours.csv").read_bytes() == BIG
    ranges = [asked for _, path, asked in line.asked if path.endswith("/content")]
    assert ranges == [f"bytes={CUT}-"]
    (to / "hours.csv").unlink()
    monkeypatch.setattr(pulling, "TRIES_MAX", 1)
    line.cuts = 1
    assert run("pull", right, "--to", to).exit_code == 3  # and a later call goes on
    (part,) = (to / pulling.PARTS).glob("*.part")
    assert part.stat().st_size == CUT
    line.asked.clear()
    assert run("pull", right, "--to", to).exit_code == 0
    assert (to / "hours.csv").read_bytes() == BIG
    methods = [method for method, path, _ in line.asked if "/files" not in path]
    assert methods == ["GET"]
    assert program("buyer").read(f"/entitlements/{right}")["deliveries"] == 2
    (to / "hours.csv").unlink()
    line.altered = True
    damaged = run("pull", right, "--to", to)
    assert damaged.exit_code == 4
    assert list(to.iterdir()) == []


def test_a_note_that_was_altered_leads_nowhere_else(
    run, right, tmp_path, line, monkeypatch
):
    to = tmp_path / "mine"
    monkeypatch.setattr(pulling, "TRIES_MAX", 1)
    line.cuts = 1
    assert run("pull", right, "--to", to).exit_code == 3
    (note,) = (to / pulling.PARTS).glob("*.json")
    said = json.loads(note.read_text())
    note.write_text(json.dumps(said | {"receipt": "../../me?x="}))
    line.asked.clear()
    assert run("pull", right, "--to", to).exit_code == 0
    assert not any("me" in path.split("/") for _, path, _ in line.asked)
    assert (to / "hours.csv").read_bytes() == BIG


def test_files_that_look_like_parts_of_another_are_brought_beside_it(
    run, program, sun, signed_in, tmp_path
):
    vendor = program("vendor")
    release = vendor.made(f"/products/{sun.product}/releases", {"label": "3"})["id"]
    names = ["x.csv", "x.csv.part", "x.csv.part.json"]
    for name in names:
        body = b'{"a": 1}' if name.endswith("json") else name.encode() + b",b\n1,2\n"
        upload(vendor, release, name, body)
    vendor.made(f"/releases/{release}/finalise")
    pay_in(program, "buyer", 5_000)
    run("buy", "SUN", "--purpose", "internal_analysis", "--yes")
    right = program("buyer").read("/entitlements")["data"][0]["id"]
    to = tmp_path / "mine"
    assert run("pull", right, "--to", to).exit_code == 0
    assert sorted(path.name for path in to.iterdir()) == names
    assert "✓ 0 files brought, 3" in run("pull", right, "--to", to).stdout


def promised(number, name, release="1"):
    return pulling.Promised(f"fil_{number}", name, 1, "a" * 64, release)


def test_each_of_several_releases_has_a_folder_of_its_own(tmp_path):
    files = [promised(2, "x.csv", "2026/11"), promised(1, "x.csv", "1.0")]
    assert pulling.places(files, tmp_path) == {
        "fil_2": tmp_path / "2026-11" / "x.csv",
        "fil_1": tmp_path / "1.0" / "x.csv",
    }
    alone = pulling.places(files[:1], tmp_path)
    assert alone == {"fil_2": tmp_path / "x.csv"}


@pytest.mark.parametrize(
    ("one", "other"),
    [(("x", "1"), ("x", "1")), (("x", "1"), ("X", "1")), (("x", "a/b"), ("x", "a-b"))],
)
def test_two_files_of_one_name_are_refused_before_anything_is_brought(one, other):
    files = [promised(1, *one), promised(2, *other)]
    with pytest.raises(answers.Damaged):
        pulling.places(files, Path())


@pytest.mark.parametrize("name", ["../x", ".bashrc", "a/b", "a\nb", ""])
def test_a_file_is_never_written_elsewhere(name):
    with pytest.raises(answers.Damaged):
        pulling.safe(name)


def test_the_client_imports_no_server():
    code = (
        "import sys, marketplace.client.commands\n"
        "ours = ('flask', 'sqlalchemy', 'settlement', 'listings')\n"
        "sys.exit(sum(name in sys.modules for name in ours))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
