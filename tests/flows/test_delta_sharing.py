"""Delta Sharing: what a profile opens, what is counted, how all of it ends."""

import json
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import duckdb
import pytest
import time_machine

from marketplace.api import delta
from settlement import clock
from tests import shares
from tests.programs import program, sun

__all__ = ["program", "sun"]
DELTA = {"delta-sharing-capabilities": "responseformat=delta;readerfeatures=x"}


@pytest.fixture
def right(program, sun):
    return shares.bought(program, sun)


class Reader:
    """A client of the protocol."""

    def __init__(self, app, profile) -> None:
        self.client = app.test_client()
        self.root = urlsplit(profile["endpoint"]).path
        self.headers = {"Authorization": f"Bearer {profile['bearerToken']}"}

    def get(self, path, **more):
        return self.client.get(self.root + path, headers=self.headers | more)

    def query(self, path, body=None, **more):
        headers = self.headers | more
        return self.client.post(self.root + path, json=body or {}, headers=headers)


@pytest.fixture
def reader(app, program, right):
    return Reader(app, shares.profile(program, right))


def table_of(right, name="hours"):
    return f"/shares/{right['id']}/schemas/releases/tables/{name}"


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/x-ndjson; charset=utf-8"
    assert not answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.split("\n")]


def rows(app, url):
    """Return the rows of the Parquet at an address that was granted."""
    parts = urlsplit(url)
    address = f"{parts.path}?{parts.query}"
    answer = app.test_client().get(address, buffered=True)
    assert answer.status_code == 200, answer.text
    with NamedTemporaryFile(suffix=".parquet") as file:
        file.write(answer.data)
        file.flush()
        return duckdb.read_parquet(file.name).fetchall()


def test_a_profile_opens_one_share_with_a_table_for_each_file(reader, right):
    assert reader.get("/shares").json == {
        "items": [{"name": right["id"], "id": right["id"]}]
    }
    assert reader.get(f"/shares/{right['id'].upper()}").json["share"]["id"]
    (schema,) = reader.get(f"/shares/{right['id']}/schemas").json["items"]
    assert schema == {"name": "releases", "share": right["id"]}
    path = f"/shares/{right['id']}/schemas/releases/tables"
    (table,) = reader.get(path).json["items"]
    assert (table["name"], table["schema"]) == ("hours", "releases")
    assert reader.get(f"/shares/{right['id']}/all-tables").json["items"] == [table]
    assert reader.get("/shares?maxResults=0").json == {"items": []}


def test_a_query_grants_parquet_with_types_and_leaves_a_receipt(
    app, reader, right, program
):
    answer = reader.query(f"{table_of(right)}/query")
    protocol, meta, file = lines(answer)
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    schema = json.loads(meta["metaData"]["schemaString"])
    assert [(f["name"], f["type"]) for f in schema["fields"]] == [
        ("station", "long"),
        ("hours", "long"),
    ]
    assert answer.headers["Delta-Table-Version"] == "0"
    assert rows(app, file["file"]["url"]) == [(58362, 7)]
    stats = json.loads(file["file"]["stats"])
    assert stats["maxValues"] == {"station": 58362, "hours": 7}
    (receipt,) = program("buyer").read("/receipts")["data"]
    assert receipt["entitlement"] == right["id"]
    assert program("buyer").read(f"/entitlements/{right['id']}")["deliveries"] == 1


def test_a_replaced_profile_goes_on_for_a_day(app, reader, right, program):
    (old,) = program("buyer").read(f"/entitlements/{right['id']}/sharings")["data"]
    made = program("buyer").made(f"/sharings/{old['id']}/rotations")
    newer = Reader(app, made["profile"])
    assert [one.get("/shares").status_code for one in (reader, newer)] == [200, 200]
    tomorrow = clock.moment(clock.now_us() + clock.DAY_US)
    with time_machine.travel(tomorrow):
        assert reader.get("/shares").status_code == 401
        assert newer.get("/shares").status_code == 200
    assert program("other").post(f"/sharings/{old['id']}/rotations").status_code == 404


def test_client_credentials_give_access_that_ends_with_the_profile(app, right, program):
    path = f"/entitlements/{right['id']}/sharings"
    made = program("buyer").made(f"{path}?kind=oauth")
    said, client = made["profile"], app.test_client()
    assert said["type"] == "oauth_client_credentials"
    there = urlsplit(said["tokenEndpoint"]).path
    pair = said["clientId"], said["clientSecret"]
    grant = {"grant_type": "client_credentials"}
    given = client.post(there, data=grant, auth=pair)
    assert given.status_code == 200, given.text
    assert given.json["expires_in"] == 3_600
    (listed,) = program("buyer").read(path)["data"]
    assert listed["used_us"]  # whoever asks for a token uses the profile
    in_form = grant | {"client_id": pair[0], "client_secret": pair[1]}
    assert client.post(there, data=in_form).status_code == 200
    wrong = client.post(there, data=grant, auth=("shr_0000099", pair[1]))
    assert (wrong.status_code, wrong.json) == (401, {"error": "invalid_client"})
    other = client.post(there, data={"grant_type": "password"}, auth=pair)
    assert (other.status_code, other.json["error"]) == (400, "unsupported_grant_type")
    token = given.json["access_token"]
    reader = Reader(app, {"endpoint": said["endpoint"], "bearerToken": token})
    file = lines(reader.query(f"{table_of(right)}/query"))[-1]["file"]
    assert rows(app, file["url"]) == [(58362, 7)]
    with time_machine.travel(clock.moment(clock.now_us() + 2 * clock.HOUR_US)):
        assert reader.get("/shares").status_code == 401
    assert program("buyer").delete(f"/sharings/{made['id']}").status_code == 204
    assert reader.get("/shares").status_code == 401
    assert client.post(there, data=grant, auth=pair).status_code == 401


def test_looking_is_not_counted(reader, right, program):
    for path in ("/version", "/metadata"):
        answer = reader.get(table_of(right) + path)
        assert (answer.status_code, answer.headers["Delta-Table-Version"]) == (200, "0")
    assert program("buyer").read("/receipts")["data"] == []


def test_the_delta_format_is_answered_to_who_takes_only_that(app, reader, right):
    answer = reader.query(f"{table_of(right)}/query", **DELTA)
    assert answer.headers["delta-sharing-capabilities"] == "responseformat=delta"
    protocol, meta, file = lines(answer)
    assert protocol["protocol"]["deltaProtocol"]["minReaderVersion"] == 1
    assert meta["metaData"]["deltaMetadata"]["partitionColumns"] == []
    added = file["file"]["deltaSingleAction"]["add"]
    assert rows(app, added["path"]) == [(58362, 7)]


def test_releases_are_versions_and_their_changes_are_rows(
    app, reader, right, program, sun
):
    shares.release(program("vendor"), sun.product, "2.0", "hours.csv", shares.NEXT)
    newest = lines(reader.query(f"{table_of(right)}/query"))
    assert newest[-1]["file"]["version"] == 1
    old = lines(reader.query(f"{table_of(right)}/query", {"version": 0}))
    assert rows(app, old[-1]["file"]["url"]) == [(58362, 7)]
    found = lines(reader.get(f"{table_of(right)}/changes?startingVersion=0"))
    first, second = found[2:]
    assert rows(app, first["add"]["url"]) == [(58362, 7)]
    assert second["cdf"]["version"] == 1
    assert sorted(rows(app, second["cdf"]["url"])) == [
        (58362, 7, "delete"),
        (58362, 8, "insert"),
        (58367, 6, "insert"),
    ]


def test_a_range_and_a_head_are_served_and_nothing_is_counted_again(
    app, reader, right, program
):
    url = urlsplit(lines(reader.query(f"{table_of(right)}/query"))[-1]["file"]["url"])
    there, client = f"{url.path}?{url.query}", app.test_client()
    whole = client.get(there, buffered=True)
    size = len(whole.data)
    assert client.head(there, buffered=True).headers["Content-Length"] == str(size)
    part = client.get(there, headers={"Range": f"bytes={size - 4}-"}, buffered=True)
    assert (part.status_code, part.data) == (206, b"PAR1")
    assert part.headers["Content-Range"] == f"bytes {size - 4}-{size - 1}/{size}"
    assert len(program("buyer").read("/receipts")["data"]) == 1


def test_addresses_and_tokens_end_with_the_right(app, reader, right, program):
    url = urlsplit(lines(reader.query(f"{table_of(right)}/query"))[-1]["file"]["url"])
    decisions = f"/staff/entitlements/{right['id']}/decisions"
    why = {"event": "suspend", "reason": "a test"}
    program("surveillance").made(decisions, why)
    answer = reader.query(f"{table_of(right)}/query")
    assert (answer.status_code, answer.json["errorCode"]) == (403, "RIGHT_ENDED")
    there = f"{url.path}?{url.query}"
    assert app.test_client().get(there).status_code == 403
    program("surveillance").made(decisions, why | {"event": "restore"})
    assert app.test_client().get(there, buffered=True).status_code == 200


def test_a_revoked_profile_opens_nothing_at_once(app, reader, right, program):
    url = urlsplit(lines(reader.query(f"{table_of(right)}/query"))[-1]["file"]["url"])
    path = f"/entitlements/{right['id']}/sharings"
    (made,) = program("buyer").read(path)["data"]
    assert program("other").delete(f"/sharings/{made['id']}").status_code == 404
    assert program("buyer").delete(f"/sharings/{made['id']}").status_code == 204
    assert program("buyer").read(path)["data"] == []
    assert reader.get("/shares").status_code == 401
    assert app.test_client().get(f"{url.path}?{url.query}").status_code == 401


def test_a_wrong_token_is_told_so(app):
    for token in ("", "dbs_x", "dbs_" + "a" * 12 + "_" + "b" * 43):
        headers = {"Authorization": f"Bearer {token}"}
        answer = app.test_client().get("/api/delta-sharing/shares", headers=headers)
        assert (answer.status_code, answer.json["errorCode"]) == (401, "BAD_TOKEN")


def test_a_forged_or_exchanged_address_is_refused(app, reader, right):
    url = urlsplit(lines(reader.query(f"{table_of(right)}/query"))[-1]["file"]["url"])
    other = url.path.replace(url.path.rpartition("/")[2][:8], "0" * 8)
    assert app.test_client().get(f"{other}?{url.query}").status_code == 401
    assert app.test_client().get(f"{url.path}?{url.query}x").status_code == 401
    assert app.test_client().get(url.path).status_code == 401


def test_a_profile_is_not_a_key_of_the_api(app, program, right):
    token = shares.profile(program, right)["bearerToken"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().get("/api/v1/balances", headers=headers)
    assert answer.status_code == 401


REFUSED = {
    "/shares/ent_0000099": 404,
    "{table}x/metadata": 404,
    "{table}/metadata?version=7": 404,
    "{table}/metadata?version=-1": 422,
    "{table}/version?startingTimestamp=yesterday": 422,
    "{table}/version?startingTimestamp=2999-01-01T00:00:00Z": 404,
    "{table}/changes": 422,
    "{table}/changes?startingVersion=9": 404,
    "/shares?pageToken=x": 422,
}


def test_what_is_odd_or_not_there_is_said_with_a_code_and_not_counted(
    reader, right, program
):
    for path, status in REFUSED.items():
        answer = reader.get(path.format(table=table_of(right)))
        assert (path, answer.status_code) == (path, status), answer.text
        assert answer.json["errorCode"]
        assert answer.json["message"]
    for body in ([], "x", {"startingVersion": 1}, {"version": "v"}):
        path = f"{reader.root}{table_of(right)}/query"
        answer = reader.client.post(path, json=body, headers=reader.headers)
        assert (body, answer.status_code) == (body, 422)
    assert program("buyer").read("/receipts")["data"] == []


def test_profiles_are_limited_and_only_the_holders(program, right):
    path = f"/entitlements/{right['id']}/sharings"
    assert program("other").post(path).status_code == 404
    for _ in range(10):
        program("buyer").made(path)
    answer = program("buyer").post(path)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_profiles")


def test_what_cannot_be_compared_is_refused_and_not_counted(
    reader, right, program, sun
):
    wider = b"station,hours,note\n58362,8,x\n"
    shares.release(program("vendor"), sun.product, "2.0", "hours.csv", wider)
    answer = reader.get(f"{table_of(right)}/changes?startingVersion=0")
    assert (answer.status_code, answer.json["errorCode"]) == (422, "NOT_COMPARABLE")
    assert program("buyer").read("/receipts")["data"] == []


def test_a_change_feed_that_is_too_long_is_refused_not_cut(
    reader, right, program, sun, monkeypatch
):
    monkeypatch.setattr(delta, "CHANGES_MAX", 1)
    shares.release(program("vendor"), sun.product, "2.0", "hours.csv", shares.NEXT)
    answer = reader.get(f"{table_of(right)}/changes?startingVersion=0")
    assert answer.status_code == 422
    assert "endingVersion" in answer.text
    assert program("buyer").read("/receipts")["data"] == []
    assert reader.get(f"{table_of(right)}/changes?startingVersion=1").status_code == 200
