"""Certificates of trades: shown in parts, verified by anybody, revoked in the open."""

import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import update

from marketplace import credentials
from marketplace.certificates import NoCertificate
from settlement import ids
from settlement.tables import trades
from tests.flows.market import buy, listed, location, pay_in


@pytest.fixture
def trade(visit, parts):
    """The id of a trade that the buyer made."""
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    return ids.encode("trade", 1)


def path(trade: str, rest: str) -> str:
    return f"/certificates/trades/{trade}{rest}"


def bring(visitor, content: bytes):
    return visitor.post("/certificates", file=(io.BytesIO(content), "a.sd-jwt"))


def test_a_party_shows_parts_and_anybody_verifies_them(visit, trade):
    buyer, reader = visit("buyer"), visit("")
    full = buyer.get(path(trade, "/trade.sd-jwt?show=seller&show=amount"))
    assert full.status_code == 200
    assert full.text.count("~") == 3
    page = bring(reader, full.data).text
    assert "第1公司" in page
    assert "120.00" in page
    assert "第2公司" not in page
    bare = buyer.get(path(trade, "/trade.sd-jwt")).data
    page = bring(reader, bare).text
    assert "120.00" not in page
    assert "第1公司" not in page


def test_what_is_shown_cannot_be_changed_or_borrowed(visit, trade, parts):
    said = credentials.certified(parts, "trade", 1, visit("buyer").user.member)
    made = credentials.token(parts, said, "https://x.example/", ("price",))
    assert credentials.verified(parts, made).told["price"] == "120.00"
    signed, price, _ = made.split("~")
    forged = credentials._unpadded(json.dumps(["salt", "price", "1.00"]).encode())
    for wrong in (
        f"{signed}~{forged}~",
        f"{signed}~{price}~{price}~",
        f"{signed[:-4]}AAAA~{price}~",
        "~",
        "a~b~",
        f"{signed}~!!!~",
    ):
        with pytest.raises(NoCertificate):
            credentials.verified(parts, wrong)


def test_only_the_parties_have_the_certificate(visit, trade):
    assert visit("other").get(path(trade, "/trade.pdf")).status_code == 404
    assert visit("").get(path(trade, "/trade.pdf")).status_code in {302, 303, 401}
    assert visit("buyer").get(path(trade, "/nothing.pdf")).status_code == 404
    vendor = visit("vendor").get(path(trade, "/trade.pdf"))
    assert vendor.data == visit("buyer").get(path(trade, "/trade.pdf")).data
    assert vendor.data.startswith(b"%PDF")
    # Nothing was fetched yet: there is no delivery to certify.
    assert visit("buyer").get(path(trade, "/delivery.pdf")).status_code == 404


def test_the_number_tells_whether_it_stands_and_nothing_else(visit, trade, parts):
    reader = visit("")
    answer = reader.post("/certificates", number=trade.upper())
    assert answer.headers["Location"].endswith(path(trade, ""))
    page = reader.get(path(trade, "")).text
    assert "alert-success" in page
    assert "¥120" not in page
    assert reader.get(path("trd_0000zzz", "")).status_code == 404
    token = visit("buyer").get(path(trade, "/trade.sd-jwt")).data
    with parts.writes.begin() as db:
        db.execute(update(trades).values(state="unwound"))
        assert credentials.status(db, 1) == "revoked"
    assert "alert-warning" in reader.get(path(trade, "")).text
    assert "alert-warning" in bring(reader, token).text


def test_the_evidence_pack_has_what_proves_the_trade(visit, trade, parts):
    parts.log.step(parts.reads)
    buyer = visit("buyer")
    answer = buyer.get(path(trade, "/evidence.zip"))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as file:
        there = {name: file.read(name) for name in file.namelist()}
    hashes = json.loads(there.pop("manifest.json"))
    assert hashes == {n: hashlib.sha256(b).hexdigest() for n, b in there.items()}
    assert there.keys() >= {
        *("trade.pdf", "trade.sd-jwt", "terms.json", "licence.txt"),
        *("parties.json", "reviews.json", "proof.json"),
    }
    assert json.loads(there["reviews.json"])[-1]["event"]
    assert json.loads(there["parties.json"])["buyer"]["state"] == "verified"
    assert visit("other").get(path(trade, "/evidence.zip")).status_code == 404
