"""A contract on paper, in both languages: the text that was hashed, and who signed."""

import json
from typing import Any

from sqlalchemy import Connection, Row

from listings.licences import PURPOSES
from listings.vocabulary import Name
from marketplace import formatting
from marketplace.contracts import drafts
from marketplace.contracts.models import MODELS
from marketplace.documents import pdf, qr
from marketplace.members import organisations
from marketplace.paper import (
    DASH,
    Grid,
    Section,
    code,
    day,
    line,
    printable,
    same,
)
from settlement import clock
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.money import BPS

_ROLES = (Name("供方（甲方）", "Vendor"), Name("需方（乙方）", "Buyer"))
_EXCHANGE = Name("数据交易所", "The exchange")


def printed(db: Connection, found: Row[Any], address: str) -> bytes:
    """Return the contract as PDF; equal contracts give equal bytes."""
    sold = json.loads(drafts.body(db, found))
    said = sold["contract"]
    clauses = said["clauses"]
    sections = [_facts(found, sold, said), _stages(said)]
    return pdf(
        "contract",
        {
            "number": said["number"],
            "hash": found.sha256,
            "title": clauses["title"],
            "model_zh": MODELS[clauses["model"]].title.zh,
            "model_en": MODELS[clauses["model"]].title.en,
            "drafted": day(said["drafted_us"]).zh,
            "sections": json.dumps([printable(one) for one in sections]),
            "clauses": json.dumps(
                [
                    (f"{one['zh']} {one['en']}", one["text"])
                    for one in clauses["clauses"]
                ]
            ),
            "signatures": json.dumps(printable(_signatures(db, found))),
            "address": address,
            "qr": qr(address),
        },
    )


def _facts(found: Row[Any], sold: dict[str, Any], said: dict[str, Any]) -> Section:
    lasts = Name("无期限", "without end")
    if found.term_us:
        days = found.term_us // clock.DAY_US
        lasts = Name(f"{days} 天", f"{days} days")
    names = said["clauses"]["names"]
    vendor, buyer = (Name(*names[said[side]]) for side in ("vendor", "buyer"))
    money = formatting.amount(said["amount"], said["currency"])
    release = sold.get("release") or {}
    purpose = code(PURPOSES, said["purpose"])
    return Section(
        Name("合同要素", "Facts"),
        (
            line("供方（甲方）", "Vendor", vendor.zh, vendor.en),
            line("需方（乙方）", "Buyer", buyer.zh, buyer.en),
            line("交易标的", "Instrument", said["symbol"]),
            line("数据产品", "Product", sold.get("title_zh", ""), sold.get("title_en")),
            line("发布版本", "Release", str(release.get("label", ""))),
            line("使用目的", "Purpose", purpose.zh, purpose.en),
            line("数量", "Quantity", str(said["quantity"])),
            line("价款", "Price", money),
            line("使用期限", "The right lasts", lasts.zh, lasts.en),
            line(
                "验收期",
                "Time to accept",
                f"{said['acceptance_days']} 个工作日",
                f"{said['acceptance_days']} working days",
            ),
            *(
                [line("原件 SHA-256", "Original", found.evidence)]
                if found.evidence
                else []
            ),
        ),
    )


def _stages(said: dict[str, Any]) -> Section:
    heads = (
        Name("阶段", "Stage"),
        Name("比例", "Share"),
        Name("金额", "Amount"),
        Name("签署后工作日", "Working days"),
    )
    rows = tuple(
        (
            same(stage["name"]),
            same(f"{stage['bps'] * 100 // BPS}.{stage['bps'] % 100:02} %"),
            same(formatting.amount(stage["amount"], said["currency"])),
            same(str(stage["days"])),
        )
        for stage in said["stages"]
    )
    return Section(Name("付款阶段", "Stages"), (), Grid(heads, rows))


def _signatures(db: Connection, found: Row[Any]) -> Section:
    """Return who signs, and when each did; who has not stands with a dash."""
    done = drafts.signed(db, found.id)
    names = organisations.names(db, (found.vendor, found.buyer))
    heads = (
        Name("签署方", "Party"),
        Name("名称", "Name"),
        Name("签署人", "Signed by"),
        Name("时间 (UTC)", "Time (UTC)"),
    )
    rows = []
    for party, role in zip(drafts.parties(found), (*_ROLES, _EXCHANGE), strict=False):
        signature = done.get(party)
        name = _EXCHANGE if party == HOUSE else Name(*names[party])
        by, at = DASH, DASH
        if signature is not None:
            by = same(encode("user", signature.by_user))
            at = same(f"{clock.moment(signature.at_us):%Y-%m-%d %H:%M:%S}")
        rows.append((role, name, by, at))
    return Section(Name("签署", "Signatures"), (), Grid(heads, tuple(rows)))
