"""A member's statement of a month as data, as a table, and on paper.

Settled figures are sums of transfers (`trading.summaries`); the paper of a month that
is over is the same bytes whenever it is made.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection

from listings.vocabulary import Name
from marketplace import formatting
from marketplace.documents import pdf, qr
from marketplace.members import organisations
from marketplace.paper import Grid, Section, line, printable, same
from marketplace.trading import summaries
from marketplace.trading.summaries import Netted, Span, Summary, Taxes
from settlement import clock
from settlement.canonical import canonical
from settlement.flows import Figure
from settlement.ids import encode
from settlement.money import BY_ASSET, plain

COLUMNS = ("month", "currency", "figure", "name", "amount", "transfers")
FIGURES: Mapping[str, Name] = {
    Figure.PAYINS: Name("入金", "Paid in"),
    Figure.PAYOUTS: Name("出金", "Paid out"),
    Figure.SALES: Name("销售总额", "Sales, gross"),
    Figure.PURCHASES: Name("购买", "Purchases"),
    Figure.FEES: Name("交易所费用", "Fees of the exchange"),
    Figure.SHARES: Name("分账", "Shares"),
    Figure.REFUNDS: Name("退款与更正", "Refunds and corrected trades"),
    Figure.PENALTIES: Name("违约金与没收保证金", "Penalties and forfeits"),
    Figure.NETTING: Name("轧差结算", "Netting runs"),
    Figure.CORRECTIONS: Name("对账更正", "Corrections"),
}
EDGES: Mapping[str, Name] = {
    "opening": Name("期初余额", "Opening balance"),
    "closing": Name("期末余额", "Closing balance"),
    "net": Name("交易净额", "Net of trading"),
}
TAXES: Mapping[str, Name] = {
    "sales": Name("其中：销售所含税额", "of which tax included in sales"),
    "purchases": Name("其中：购买所含税额", "of which tax included in purchases"),
    "fees": Name("其中：费用所含税额", "of which tax included in fees"),
}
NETTED: Mapping[str, Name] = {
    "bought": Name("轧差内购买", "bought, netted"),
    "sold": Name("轧差内销售", "sold, netted"),
    "fee": Name("轧差内费用", "fee, netted"),
    "shares": Name("轧差内分账", "shares, netted"),
}


class Month(NamedTuple):
    """A month of the exchange's calendar, and who asks about it."""

    name: str  # as 2026-11
    from_us: int
    until_us: int
    member: int

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can be added to it any more."""
        return self.until_us <= clock.now_us()


def during(db: Connection, month: Month) -> Span:
    """Return the records of a month."""
    return summaries.span(db, month.from_us, month.until_us)


def of_month(db: Connection, month: Month) -> tuple[Summary, ...]:
    """Return the member's statement of a month, one a currency."""
    return summaries.summaries(db, month.member, during(db, month))


def told(month: Month, found: Sequence[Summary]) -> dict[str, Any]:
    """Return a statement as plain data, the same by page and by API."""
    return {
        "month": month.name,
        "member": encode("member", month.member),
        "from_us": month.from_us,
        "until_us": month.until_us,
        "is_over": month.is_over,
        "data": [_told(one) for one in found],
    }


def _told(one: Summary) -> dict[str, Any]:
    return {
        "currency": BY_ASSET[one.currency].code,
        "opening": one.opening,
        "figures": [
            {"figure": str(f.figure), "amount": f.amount, "transfers": f.moves}
            for f in one.lines
        ],
        "closing": one.closing,
        "net": one.net,
        "tax": one.taxes._asdict(),
        "netted": one.netted._asdict(),
    }


def rows(
    month: Month, found: Sequence[Summary], language: str
) -> Iterator[tuple[Any, ...]]:
    """Yield a statement as rows of COLUMNS, names in a language."""
    for one in found:
        code = BY_ASSET[one.currency].code
        lines = (
            ("opening", EDGES["opening"], one.opening, None),
            *((str(f.figure), FIGURES[f.figure], f.amount, f.moves) for f in one.lines),
            ("closing", EDGES["closing"], one.closing, None),
            ("net", EDGES["net"], one.net, None),
            *_besides(one.taxes, one.netted),
        )
        for figure, name, amount, moves in lines:
            said = getattr(name, language)
            yield month.name, code, figure, said, plain(amount, code), moves


def _besides(
    taxes: Taxes, netted: Netted
) -> Iterator[tuple[str, Name, int, int | None]]:
    """Yield what is told beside the sum: taxes, what runs netted."""
    for kind, amount in taxes._asdict().items():
        yield f"tax_{kind}", TAXES[kind], amount, None
    for kind, amount in netted._asdict().items():
        if any(netted):
            yield f"netted_{kind}", NETTED[kind], amount, None


def printed(
    db: Connection, month: Month, found: Sequence[Summary], address: str
) -> bytes:
    """Return a statement as PDF in both languages; *address* is its page."""
    who = organisations.get(db, month.member)
    digest = sha256(canonical(told(month, found)).encode()).hexdigest()
    facts = Section(
        Name("对账单要素", "Facts"),
        (
            line("会员", "Member", who.name_zh, who.name_en),
            line("会员编号", "Number", encode("member", month.member)),
            line("统一社会信用代码", "Credit code", who.credit_code or "–"),
            line("期间", "Period", month.name),
            line(
                "状态",
                "State",
                "期间已结束" if month.is_over else "期间未结束，截至打印时",
                "over" if month.is_over else "not over: as of printing",
            ),
        ),
    )
    title = Name("会员对账单", "Statement of account")
    sections = [facts, *map(_section, found)]
    return account(title, month.name, digest, sections, address)


def _section(one: Summary) -> Section:
    code = BY_ASSET[one.currency].code
    heads = (Name("项目", "Figure"), Name("金额", "Amount"), Name("笔数", "Transfers"))
    lines = [
        (EDGES["opening"], one.opening, None),
        *((FIGURES[f.figure], f.amount, f.moves) for f in one.lines),
        (EDGES["closing"], one.closing, None),
        (EDGES["net"], one.net, None),
        *(beside[1:] for beside in _besides(one.taxes, one.netted)),
    ]
    shown = tuple(
        (name, same(formatting.amount(amount, code)), same("" if n is None else str(n)))
        for name, amount, n in lines
    )
    return Section(same(code), (), Grid(heads, shown))


def account(
    title: Name, number: str, digest: str, sections: Sequence[Section], address: str
) -> bytes:
    """Return a paper of accounts as PDF: title, number, hash, sections, where it is."""
    return pdf(
        "account",
        {
            "title_zh": title.zh,
            "title_en": title.en,
            "number": number,
            "hash": digest,
            "sections": json.dumps([printable(one) for one in sections]),
            "address": address,
            "qr": qr(address),
        },
    )
