"""Invoices carried out: asked for, issued, refused, and followed when money comes back.

Trades are told as their records have them (`refunds.Sale`); what was refunded or
adjusted since is known here, so an invoice is always of what the buyer has paid.
"""

import re

from marketplace.trading.billing import (
    AskInvoice,
    InvoiceFees,
    IssueInvoice,
    RefuseInvoice,
)
from marketplace.trading.closing import bounds
from marketplace.trading.invoices import (
    BILLS_MAX,
    INVOICE,
    LINES_MAX,
    NOTE_MAX,
    OPEN_MAX,
    OUTSIDE_MAX,
    Invoice,
    InvoiceEvent,
    InvoiceState,
    PaperTaken,
    Series,
    is_paper,
    line,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.rights import check_reason
from marketplace.trading.texts import fits
from marketplace.trading.timetable import EAST_US
from marketplace.trading.venue import WrongOrder
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.money import BY_ASSET
from settlement.refunds import Sale
from settlement.taxes import RATE_BPS_MAX, included

OUTSIDE = re.compile(r"[0-9A-Za-z][0-9A-Za-z/-]*")


@handles(AskInvoice)
def ask(market: Market, command: AskInvoice, seq: int, at_us: int) -> int:
    """Let an invoice wait for the seller; its number. WrongOrder for what cannot be."""
    known = market.invoices
    sales = [(Sale(*values), bps) for values, bps in command.sales]
    trades = {sale.trade for sale, _ in sales}
    if not 0 < len(sales) == len(trades) <= LINES_MAX:
        raise WrongOrder("trades")
    one = {(s.buyer, s.seller, s.currency) for s, _ in sales}
    if len(one) > 1 or sales[0][0].buyer != command.member:
        raise WrongOrder("trades")
    if not fits(command.note, NOTE_MAX):
        raise WrongOrder("note")
    if sum(i.buyer == command.member for i in known.live.values()) >= OPEN_MAX:
        raise WrongOrder("invoices")
    lines = tuple(_line(market, sale, bps) for sale, bps in sales)
    buyer, seller, currency = one.pop()
    invoice = Invoice(
        known.last + 1, seq, at_us, command.by, Series.INVOICE, seller, buyer, currency,
        lines, command.note,
    )  # fmt: skip
    known.note(invoice)
    return invoice.number


def _line(market: Market, sale: Sale, bps: int) -> tuple[int, int, int, int]:
    """Return the line of a settled trade that is on no invoice yet."""
    waits = sale.trade in market.escrows.live or sale.trade in market.dues.live
    busted = market.busts.of.get(sale.trade, 0) is None
    if waits or busted or sale.trade in market.invoices.of:
        raise WrongOrder("trades")
    paid = market.busts.paid.get(sale.trade, sale.paid)
    left = paid - market.refunds.of.get(sale.trade, 0)
    if left <= 0 or not 0 <= bps <= RATE_BPS_MAX:
        raise WrongOrder("trades")
    return line(sale.trade, left, bps)


@handles(IssueInvoice)
def issue(market: Market, command: IssueInvoice, _seq: int, at_us: int) -> int:
    """Issue an invoice: it gets the next number of the year; that number."""
    invoice = _asked(market, command.invoice, command.member)
    outside = command.outside.strip()
    if len(outside) > OUTSIDE_MAX or not OUTSIDE.fullmatch(outside):
        raise WrongOrder("outside")
    if outside in market.invoices.papers:
        raise PaperTaken(outside)
    invoice.outside = outside
    _end(market, invoice, InvoiceEvent.ISSUE, command.by, at_us)
    assert invoice.serial is not None
    return invoice.serial


@handles(RefuseInvoice)
def refuse(market: Market, command: RefuseInvoice, _seq: int, at_us: int) -> None:
    """Refuse an invoice with a reason."""
    invoice = _asked(market, command.invoice, command.member)
    check_reason(command.reason)
    if not command.reason.strip():
        raise WrongOrder("reason")
    invoice.reason = command.reason
    _end(market, invoice, InvoiceEvent.REFUSE, command.by, at_us)


@handles(InvoiceFees)
def invoice_fees(market: Market, command: InvoiceFees, seq: int, at_us: int) -> int:
    """Issue the invoices of the house's fees of a closed month; how many there are."""
    if not market.closings.covers(command.month):
        raise WrongOrder("month")
    bounds(command.month)
    if not 0 < len(command.bills) <= BILLS_MAX:
        raise WrongOrder("bills")
    known = market.invoices
    keys = {(member, currency) for member, currency, _ in command.bills}
    taken = any((*key, command.month) in known.billed for key in keys)
    if taken or len(keys) < len(command.bills):
        raise WrongOrder("bills")
    papers = [_fees(bill) for bill in command.bills]
    for number, (series, member, currency, lines) in enumerate(papers, known.last + 1):
        paper = Invoice(
            number, seq, at_us, command.by, series, HOUSE, member, currency, lines,
            period=command.month,
        )  # fmt: skip
        _end(market, paper, InvoiceEvent.ISSUE, command.by, at_us)
    return len(papers)


Lines = tuple[tuple[int, int, int, int], ...]


def _fees(
    bill: tuple[int, int, tuple[tuple[int, int, int], ...]],
) -> tuple[Series, int, int, Lines]:
    """Return a bill as a paper of its series, with its lines; WrongOrder if none."""
    member, currency, told = bill
    numbers = (member, currency, *(n for one in told for n in one))
    if not all(type(n) is int for n in numbers) or member <= HOUSE:
        raise WrongOrder("bills")
    if currency not in BY_ASSET or not is_paper(told) or len(told) > LINES_MAX:
        raise WrongOrder("bills")
    sign = 1 if sum(amount for _, amount, _ in told) > 0 else -1
    if not all(0 <= bps <= RATE_BPS_MAX for bps, _, _ in told):
        raise WrongOrder("bills")
    lines = tuple((0, sign * amount, bps, sign * part) for bps, amount, part in told)
    return Series.INVOICE if sign > 0 else Series.CREDIT, member, currency, lines


def follow(
    market: Market, trade: int, back: int, by: int, seq: int, at_us: int
) -> None:
    """Take note that *back* minor units of a trade's price went back to its buyer.

    Below zero: more was paid. What waits for its seller changes; what is issued stays,
    and a credit note (or an invoice of what more was paid) follows it at once.
    """
    known = market.invoices
    invoice = known.of.get(trade)
    if invoice is None or not back:
        return
    bps = next(kept[2] for kept in invoice.lines if kept[0] == trade)
    if invoice.state is InvoiceState.ASKED:
        changed = (
            line(t, a - back, r) if t == trade else (t, a, r, tax)
            for t, a, r, tax in invoice.lines
        )
        lines = tuple(kept for kept in changed if kept[1] > 0)
        if trade not in {kept[0] for kept in lines}:
            del known.of[trade]
            known.invoiced[trade] = 0
        invoice.lines = lines
        if lines:
            known.note(invoice)
        else:
            _end(market, invoice, InvoiceEvent.REFUSE, by, at_us)
        return
    left = known.left[trade]
    tax = included(left, bps) - included(left - back, bps)
    note = Invoice(
        known.last + 1, seq, at_us, by, Series.CREDIT if back > 0 else Series.INVOICE,
        invoice.seller, invoice.buyer, invoice.currency,
        ((trade, abs(back), bps, abs(tax)),), corrects=invoice.number,
    )  # fmt: skip
    _end(market, note, InvoiceEvent.ISSUE, by, at_us)


def _asked(market: Market, number: int, seller: int) -> Invoice:
    """Return an invoice that waits for *seller*; NotFound for every other."""
    invoice = market.invoices.live.get(number)
    if invoice is None or invoice.seller != seller:
        raise NotFound("invoice", encode("invoice", max(0, number)))
    return invoice


def _end(
    market: Market, invoice: Invoice, event: InvoiceEvent, by: int, at_us: int
) -> None:
    """Bring an invoice to its end; what is issued gets a number of the year."""
    invoice.state = INVOICE.after(invoice.state, event)
    invoice.ended_us, invoice.ended_by = at_us, by
    if event is InvoiceEvent.ISSUE:
        year = clock.moment(at_us + EAST_US).year
        market.invoices.give_number(invoice, year)
    market.invoices.note(invoice)
