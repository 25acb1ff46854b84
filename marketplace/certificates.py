"""Registration certificates: issued once, printed, and verified for anybody."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from listings import products
from listings.registration import certificates
from listings.registration.attachments import KINDS
from listings.registration.certificates import Certificate
from listings.registration.declaration import (
    CELLS,
    PERSONAL,
    RIGHTS,
    ROUTES,
    SENSITIVITIES,
)
from listings.vocabulary import CLASSES, SECTORS, UPDATES, Name, regions
from marketplace.documents import pdf, qr
from marketplace.members import organisations
from marketplace.services import Services
from settlement import clock, ids
from settlement.errors import NotFound, Refusal

FILE_MAX = 4 * 1024 * 1024  # bytes of a document that is looked at
_NUMBER = re.compile(rb"reg_[0-9a-hjkmnp-tv-z]{7,13}")
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Answer(NamedTuple):
    """What is known of a certificate that somebody holds."""

    certificate: Certificate
    status: str
    told: dict[str, Any]  # what it says
    is_ours: bool  # the document is as it was issued, to the byte or by its signature


@dataclass(eq=False)
class NoCertificate(Refusal):
    """This document is no certificate of ours, or it was changed."""


def issued(parts: Services, number: int) -> Certificate:
    """Return the certificate of a registration, issued now if it never was.

    NotFound if there is no such registration.
    """
    with parts.reads.connect() as db:
        known = certificates.issued(db, number)
        if known is not None:
            return known
        said = certificates.content(db, number, _subject(db, number))
    with parts.writes.begin() as db:
        return certificates.issue(db, number, said, parts.seal.sign(said))


def answer(parts: Services, number: int, *, is_ours: bool = True) -> Answer:
    """Return what is known of a certificate by its number."""
    known = issued(parts, number)
    with parts.reads.connect() as db:
        status = certificates.status(db, number)
    return Answer(known, status, json.loads(known.content), is_ours)


def recognise(
    parts: Services, document: bytes, address_of: Callable[[str], str]
) -> Answer:
    """Return what is known of a document: our PDF, or our signed JSON.

    NoCertificate if neither its signature nor its number and hash are ours.
    """
    token = _token(document)
    said = parts.seal.content(token) if token else None
    if said is not None:
        number = json.loads(said)["number"]
        return answer(parts, ids.decode("registration", number))
    number, digest = _NUMBER.search(document), _HASH.search(document)
    if number is None or digest is None or token:
        raise NoCertificate
    try:
        found = answer(parts, ids.decode("registration", number[0].decode()))
    except NotFound:
        raise NoCertificate from None
    if found.certificate.sha256 != digest[0].decode():
        raise NoCertificate
    address = address_of(found.told["number"])
    same = document == printed(found.certificate, address)
    return found._replace(is_ours=same)


def _token(document: bytes) -> str:
    """Return the signature in our JSON, or a bare one; empty if it is neither."""
    text = document.strip()
    if text.startswith(b"{"):
        try:
            return str(json.loads(text).get("signature", ""))
        except (ValueError, RecursionError):
            return ""
    return text.decode("ascii") if text.isascii() and text.count(b".") == 2 else ""


def _subject(db: Connection, number: int) -> dict[str, Any]:
    vendor = products.find(db, certificates.registration(db, number).product).vendor
    member = organisations.get(db, vendor)
    fields = (
        *("name_zh", "name_en", "credit_code", "kind", "region"),
        *("representative", "address"),
    )
    return {"member": ids.encode("member", vendor)} | {
        name: getattr(member, name) for name in fields
    }


def printed(known: Certificate, address: str) -> bytes:
    """Return the certificate as PDF in both languages; equal bytes each time.

    *address* is where the QR code leads: the page that verifies it.
    """
    told = json.loads(known.content)
    thing, subject = told["object"], told["subject"]
    rows = [
        ("登记编号 Number", told["number"]),
        ("登记主体 Holder", _both(subject["name_zh"], subject["name_en"])),
        ("统一社会信用代码 Credit code", subject["credit_code"] or "–"),
        ("法定代表人 Representative", subject.get("representative") or "–"),
        ("住所 Address", subject.get("address") or "–"),
        ("产品代码 Product", f"{thing['code']} · {thing['version']}"),
        ("产品名称 Name", _both(thing["title_zh"], thing["title_en"])),
        ("简介 Summary", _both(thing["summary_zh"], thing["summary_en"])),
        ("产品类型 Class", _named(CLASSES, thing["kind"])),
        ("行业 Sector", _named(SECTORS, thing["sector"])),
        ("归属地域 Region", _named(regions(), thing["region"])),
        ("更新频率 Updates", _named(UPDATES, thing["updates"])),
        ("起止时间 Coverage", _span(thing)),
        ("规模 Size", _size(thing)),
        ("数据来源 Source", _named(ROUTES, thing["source_route"])),
        ("数据分级 Sensitivity", _named(SENSITIVITIES, thing["sensitivity"])),
        ("个人信息 Personal data", _named(PERSONAL, thing["personal"])),
        ("应用场景 Scene", thing["scene"][:400] or "–"),
        ("字段数 Fields", str(len(told["fields"]))),
        ("登记日期 Registered", _day(told["registered_us"])),
        ("有效期至 Valid until", _day(told["expires_us"])),
    ]
    rights = [
        (
            _named(RIGHTS, code),
            *((told["rights"] or {}).get(code, {}).get(c) or "–" for c in CELLS),
        )
        for code in RIGHTS
    ]
    evidence = [
        (_named(KINDS, one["kind"]), one["name"], one["sha256"][:32] + "…")
        for one in told["evidence"]
    ]
    return pdf(
        "certificate",
        {
            "number": told["number"],
            "hash": known.sha256,
            "qr": qr(address),
            "address": address,
            "rows": json.dumps(rows, ensure_ascii=False),
            "rights": json.dumps(rights, ensure_ascii=False),
            "evidence": json.dumps(evidence, ensure_ascii=False),
        },
    )


def _both(zh: str, en: str) -> str:
    return "\n".join(text for text in dict.fromkeys((zh, en)) if text) or "–"


def _named(codes: Any, code: str | None) -> str:
    found: Name | None = codes.get(code)
    return f"{found.zh} {found.en}" if found else code or "–"


def _span(thing: dict[str, Any]) -> str:
    return f"{thing['coverage_from'] or '–'} / {thing['coverage_until'] or '–'}"


def _size(thing: dict[str, Any]) -> str:
    rows, size = thing["row_count"], thing["size_bytes"]
    said = [f"{rows} 条 rows"] if rows is not None else []
    return " · ".join([*said, *([f"{size} B"] if size is not None else [])]) or "–"


def _day(at_us: int) -> str:
    return clock.moment(at_us).strftime("%Y-%m-%d")
