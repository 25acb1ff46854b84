"""Invoices and credit notes on paper, in both languages."""

from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row

from listings.vocabulary import Name
from marketplace import formatting
from marketplace.accounting import account
from marketplace.members import organisations
from marketplace.paper import Grid, Section, day, line, same
from marketplace.trading import bills
from settlement.canonical import canonical
from settlement.ids import encode
from settlement.money import BY_ASSET

TITLES = {
    "invoice": Name("交易票据", "Invoice"),
    "credit": Name("红字票据", "Credit note"),
}
HEADS = (
    Name("内容", "What for"),
    Name("不含税额", "Net"),
    Name("税率", "Rate"),
    Name("税额", "Tax"),
    Name("价税合计", "Amount"),
)


def printed(db: Connection, row: Row[Any], address: str, note: str) -> bytes:
    """Return an issued invoice or credit note as PDF; equal bytes each time."""
    number, lines = bills.number_of(row), bills.lines(row)
    said = canonical((number, row.seller, row.buyer, row.currency, lines, row.outside))
    digest = sha256(said.encode()).hexdigest()
    code = BY_ASSET[row.currency].code

    def money(minor: int) -> Name:
        return same(formatting.amount(minor, code))

    rows = [
        (
            _of(row, one.trade), money(one.net),
            same(formatting.percent(one.bps)), money(one.tax), money(one.amount),
        )
        for one in lines
    ]  # fmt: skip
    total = (
        Name("合计", "Total"), money(row.amount - row.tax), same(""), money(row.tax),
        money(row.amount),
    )  # fmt: skip
    facts = [
        line("号码", "Number", number),
        line("开具日期", "Issued", day(row.ended_us).zh),
        *_party(db, Name("销售方", "Seller"), row.seller),
        *_party(db, Name("购买方", "Buyer"), row.buyer),
        line("发票号码", "Number of the tax paper", row.outside or "–"),
        line("备注", "Note", note or "–"),
    ]
    if row.corrects:
        facts.append(line("所更正票据", "Corrects", encode("invoice", row.corrects)))
    sections = [
        Section(Name("要素", "Facts"), tuple(facts)),
        Section(Name("明细", "Lines"), (), Grid(HEADS, (*rows, total))),
    ]
    return account(TITLES[row.series], number, digest, sections, address)


def _of(row: Row[Any], trade: int) -> Name:
    """Return what a line is of: a trade, or the exchange's fees of a month."""
    if trade:
        return same(encode("trade", trade))
    return Name(f"交易所费用 {row.period}", f"Fees of the exchange, {row.period}")


def _party(db: Connection, role: Name, member: int) -> list[Any]:
    who = organisations.get(db, member)
    code = who.credit_code or "–"
    return [
        line(role.zh, role.en, who.name_zh, who.name_en),
        line(f"{role.zh}税号", f"{role.en}'s tax number", code),
    ]
