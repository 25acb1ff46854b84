"""Certificates of a trade and of its delivery: for its parties to show, in parts.

As a PDF, and as SD-JWT VC (RFC 9901; draft-ietf-oauth-sd-jwt-vc): the exchange signs
hashes of what is sensitive, and whoever holds the certificate hands out only those
parts that it wants to be seen. The salts come from the log's: each issue has the same.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from listings.vocabulary import Name
from marketplace.certificates import NoCertificate
from marketplace.documents import pdf, qr
from marketplace.members import organisations
from marketplace.paper import Line, Section, code, day, line, printable, text
from marketplace.services import Services
from marketplace.trading import mistakes, reads
from settlement import clock, ids, statements
from settlement.canonical import canonical, sha256_of
from settlement.errors import NotFound
from settlement.money import BY_ASSET, plain
from settlement.tables import entitlements, receipts, trades

KINDS = {
    "trade": Name("数据产品交易凭证", "Certificate of a trade"),
    "delivery": Name("数据产品交付凭证", "Certificate of delivery"),
}
# What is shown only if its holder wants it.
HIDDEN = ("seller", "buyer", "price", "quantity", "amount", "purpose", "deliveries")
VCT = "urn:databourse:certificate:{}:1"
TYPE = "dc+sd-jwt"
DELIVERIES_MAX = 100
TOKEN_MAX = 200_000  # characters
ORIGINS = {
    "book": Name("盘中", "On the book"),
    "pinned": Name("挂牌价", "Posted price"),
    "negotiated": Name("协议", "Negotiated"),
    "auction": Name("集合竞价", "Call auction"),
    "contest": Name("竞买", "Auction"),
    "filed": Name("备案", "Filed"),
}


class Certified(NamedTuple):
    """What a certificate says: open parts, and those that may be kept back."""

    kind: str
    trade: int
    told: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Return the hash of all of it."""
        return sha256_of(canonical([self.kind, self.told]))

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return the parts that its holder may keep back."""
        return tuple(name for name in HIDDEN if name in self.told)


def certified(parts: Services, kind: str, trade: int, member: int) -> Certified:
    """Return the certificate of a trade of *member*.

    NotFound if it is another's, or nothing was delivered yet.
    """
    if kind not in KINDS:
        raise NotFound("certificate", kind[:40])
    with parts.reads.connect() as db:
        reads.trade(db, trade, member)
        return _certified(db, kind, trade)


def _certified(db: Connection, kind: str, trade: int) -> Certified:
    agreed = statements.contract(db, trade)
    terms = json.loads(agreed.terms_body)
    names = organisations.names(db, (agreed.buyer, agreed.seller))
    currency = BY_ASSET[agreed.currency].code
    told: dict[str, Any] = {
        "trade": ids.encode("trade", trade),
        "record": agreed.seq,
        "at_us": agreed.at_us,
        "instrument": ids.encode("instrument", agreed.instrument),
        "licence": terms["licence"]["code"],
        "origin": agreed.origin,
        "terms_sha256": agreed.terms_sha256,
        "seller": _party(agreed.seller, names),
        "buyer": _party(agreed.buyer, names),
        "price": plain(agreed.price, currency),
        "quantity": agreed.quantity,
        "amount": plain(agreed.price * agreed.quantity, currency),
        "currency": currency,
        "purpose": agreed.purpose,
    }
    if kind == "delivery":
        told["deliveries"] = _deliveries(db, trade)
    return Certified(kind, trade, told)


def _party(member: int, names: Any) -> dict[str, str]:
    zh, en = names.get(member, ("", ""))
    return {"id": ids.encode("member", member), "name_zh": zh, "name_en": en}


def _deliveries(db: Connection, trade: int) -> list[dict[str, Any]]:
    query = (
        select(receipts)
        .join(entitlements, entitlements.c.id == receipts.c.entitlement)
        .where(entitlements.c.trade == trade)
        .order_by(receipts.c.id)
        .limit(DELIVERIES_MAX)
    )
    found = [
        {
            "receipt": ids.encode("receipt", row.id),
            "at_us": row.at_us,
            "sha256": row.sha256,
            "bytes": row.bytes,
        }
        for row in db.execute(query)
    ]
    if not found:
        raise NotFound("receipt", ids.encode("trade", trade))
    return found


def token(parts: Services, said: Certified, issuer: str, shown: Collection[str]) -> str:
    """Return a certificate as SD-JWT VC that shows only the parts *shown*."""
    made = {name: _disclosure(parts, said, name) for name in said.hidden}
    payload = {
        "iss": issuer,
        "vct": VCT.format(said.kind),
        "iat": said.told["at_us"] // clock.SECOND_US,
        "_sd_alg": "sha-256",
        "_sd": sorted(_digest(each) for each in made.values()),
        **{name: value for name, value in said.told.items() if name not in made},
    }
    signed = parts.seal.sign(json.dumps(payload, ensure_ascii=False), TYPE)
    parts_shown = [made[name] for name in said.hidden if name in shown]
    return "~".join([signed, *parts_shown, ""])


def _disclosure(parts: Services, said: Certified, name: str) -> str:
    secret = parts.log.salt(said.told["record"])
    salt = hmac.digest(
        secret, f"{said.kind} {said.told['trade']} {name}".encode(), "sha256"
    )
    listed = [_unpadded(salt[:16]), name, said.told[name]]
    return _unpadded(json.dumps(listed, ensure_ascii=False).encode())


def verified(parts: Services, presented: str) -> Certified:
    """Return what a presented SD-JWT shows; NoCertificate if it is not ours."""
    if len(presented) > TOKEN_MAX:
        raise NoCertificate
    signed, *shown = presented.strip().split("~")
    content = parts.seal.content(signed)
    try:
        payload = json.loads(content or "")
        wanted, kind = set(payload["_sd"]), payload["vct"].split(":")[-2]
        told = {name: payload[name] for name in payload if name not in _ABOUT}
        for one in shown:
            if not one:
                continue
            _, name, value = json.loads(base64.urlsafe_b64decode(one + "=="))
            if _digest(one) not in wanted or name in told:
                raise NoCertificate
            wanted.discard(_digest(one))
            told[name] = value
        return Certified(kind, ids.decode("trade", told["trade"]), told)
    except (ValueError, LookupError, TypeError, AttributeError, NotFound):
        raise NoCertificate from None


_ABOUT = {"iss", "vct", "iat", "_sd", "_sd_alg"}


def status(db: Connection, trade: int) -> str:
    """Return what has become of a trade: valid, corrected, disputed or revoked.

    NotFound if there is no such trade.
    """
    row: Row[Any] | None = db.execute(
        select(trades.c.state).where(trades.c.id == trade)
    ).first()
    if row is None:
        raise NotFound("trade", ids.encode("trade", trade))
    busts = mistakes.busts_of(db, trade)
    if row.state == "unwound" or any(one.price is None for one in busts):
        return "revoked"
    if busts:
        return "corrected"
    return "disputed" if row.state == "disputed" else "valid"


def printed(said: Certified, address: str) -> bytes:
    """Return a certificate as PDF in both languages; equal bytes each time."""
    title = KINDS[said.kind]
    return pdf(
        "proof",
        {
            "title_zh": title.zh,
            "title_en": title.en,
            "number": said.told["trade"],
            "hash": said.sha256,
            "qr": qr(address),
            "address": address,
            "section": json.dumps(printable(_section(said)), ensure_ascii=False),
        },
    )


def _section(said: Certified) -> Section:
    told = said.told
    parties = [
        Line(label, text(told[side]["name_zh"], told[side]["name_en"]))
        for side, label in (
            ("seller", Name("供方", "Vendor")),
            ("buyer", Name("需方", "Buyer")),
        )
    ]
    money = f"{told['currency']} "
    lines = [
        line("成交编号", "Trade", told["trade"]),
        line("流水序号", "Journal record", str(told["record"])),
        Line(Name("成交日期", "Day of the trade"), day(told["at_us"])),
        line("交易标的", "Instrument", told["instrument"]),
        line("许可", "Licence", told["licence"]),
        Line(Name("成交来源", "Origin"), code(ORIGINS, told["origin"])),
        *parties,
        line("单价", "Price", money + told["price"]),
        line("数量", "Units", str(told["quantity"])),
        line("金额", "Amount", money + told["amount"]),
        line("用途", "Purpose", told["purpose"]),
        line("条款哈希", "Hash of the terms", told["terms_sha256"]),
    ]
    for one in told.get("deliveries", ()):
        about = f"{one['receipt']} · {one['bytes']} B · {one['sha256'][:32]}…"
        when = clock.moment(one["at_us"]).strftime("%Y-%m-%d %H:%M UTC")
        lines.append(line("交付", "Delivery", f"{when} · {about}"))
    return Section(Name("内容", "What it says"), tuple(lines))


def _digest(disclosure: str) -> str:
    return _unpadded(hashlib.sha256(disclosure.encode()).digest())


def _unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
