"""Invoices: of what was paid, numbered without gaps, followed by credit notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading import feebills
from marketplace.trading.invoices import LINES_MAX, PaperTaken, called
from marketplace.trading.market import Market
from marketplace.trading.snapshot import state
from marketplace.trading.venue import WrongOrder
from settlement.closings import CHECKLIST
from settlement.errors import NotFound, Refusal
from settlement.refunds import Sale
from tests.floor import CAT, CNY, DAN, SECOND, STAFF, SUN, VERA, bid, opening

NUMBER = "24312000000000000001"
YEAR_US = 1_798_730_000_000_000  # 2026-12-31 in Shanghai


class Desk:
    """A market with purchases of CAT's from VERA."""

    def __init__(self, trades: int = 3) -> None:
        self.market, self.seq, self.at_us = Market(), 0, YEAR_US
        for command in opening():
            self.do(command)
        self.sales = []
        for _ in range(trades):
            ((number, *_),) = self.do(bid(12, 10)).trades
            trade = self.market.trades_new[-1]
            assert trade.number == number
            right = self.market.rights.last
            self.sales.append(Sale(number, CAT, VERA, SUN, CNY, 120, 1, right))

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.at_us)

    def ask(self, *numbers, by=CAT, **more):
        told = tuple((self.sales[number], 600) for number in numbers)
        return self.do(c.AskInvoice(by, by, told, **more))

    def issue(self, invoice, by=VERA, outside=None):
        paper = f"{NUMBER}-{invoice}" if outside is None else outside
        return self.do(c.IssueInvoice(by, by, invoice, paper))

    def close(self, month):
        clear = tuple((item, 0) for item in CHECKLIST)
        made = self.do(c.Propose(STAFF, "ClosePeriod", (month, (), clear), "done"))
        self.do(c.Decide(SECOND, made, approve=True))

    def refund(self, number, amount):
        offer = c.OfferRefund(VERA, VERA, self.sales[number], amount, "late")
        self.do(c.Decide(SECOND, self.do(offer), approve=True))

    @property
    def papers(self):
        return self.market.invoices.changed


@pytest.fixture
def desk():
    return Desk()


def test_an_invoice_is_asked_for_issued_and_numbered_in_its_year(desk):
    first, second = desk.ask(0, 1), desk.ask(2)
    assert desk.issue(second) == 1
    desk.at_us += 86_400_000_000  # the next year, in Shanghai
    assert desk.issue(first) == 1
    paper = desk.papers[first]
    assert (paper.amount, paper.year, paper.serial) == (240, 2027, 1)
    assert [line[3] for line in paper.lines] == [7, 7]
    assert called(paper.series, paper.year, paper.serial) == "INV-2027-000001"
    assert (desk.papers[second].year, desk.papers[second].outside) == (
        2026, f"{NUMBER}-{second}",
    )  # fmt: skip


def test_what_is_refused_takes_no_number_and_may_be_asked_for_again(desk):
    first = desk.ask(0)
    desk.do(c.RefuseInvoice(VERA, VERA, first, "which tax number?"))
    assert desk.papers[first].serial is None
    assert desk.issue(desk.ask(0)) == 1
    for again in (first, 77):
        with pytest.raises(NotFound):
            desk.issue(again)


def test_a_trade_is_on_one_invoice_and_only_its_parties_may(desk):
    asked = desk.ask(0)
    for numbers, by in (((0,), CAT), ((1,), DAN), ((), CAT), ((1, 1), CAT)):
        with pytest.raises(WrongOrder):
            desk.ask(*numbers, by=by)
    with pytest.raises(NotFound):
        desk.issue(asked, by=DAN)
    for outside in ("", "発票", "x" * 41, "-1", "a b"):
        with pytest.raises(WrongOrder):
            desk.issue(asked, outside=outside)
    with pytest.raises(Refusal):
        desk.do(c.RefuseInvoice(VERA, VERA, asked, " "))
    with pytest.raises(WrongOrder):
        desk.ask(1, note="x" * 401)
    assert LINES_MAX < 51


def test_a_tax_paper_serves_one_invoice_and_a_refused_one_takes_none(desk):
    first, second = desk.ask(0), desk.ask(1)
    desk.issue(first, outside="P-1")
    with pytest.raises(PaperTaken):
        desk.issue(second, outside="P-1")
    assert desk.issue(second, outside="P-2") == 2
    invoices = desk.market.invoices
    assert invoices.invoiced == {sale.trade: n for n, sale in enumerate(desk.sales, 1)
                                 if n < 3}  # fmt: skip
    third = desk.ask(2)
    desk.do(c.RefuseInvoice(VERA, VERA, third, "no"))
    assert invoices.invoiced[desk.sales[2].trade] == 0


def test_the_house_invoices_its_fees_of_a_closed_month_in_the_same_series(desk):
    bills = ((VERA, CNY, ((600, 9, 1), (300, 2, 0))), (CAT, CNY, ((600, -3, 0),)))
    with pytest.raises(WrongOrder):
        desk.do(c.InvoiceFees(STAFF, "2026-11", bills))
    desk.close("2026-11")
    for odd in (
        (), bills[:1] * 2, ((0, CNY, ((600, 9, 1),)),), ((VERA, 77, ((600, 9, 1),)),),
        ((VERA, CNY, ()),), ((VERA, CNY, ((600, 9, 10),)),),
        ((VERA, CNY, ((600, 9, -1),)),), ((VERA, CNY, ((-1, 9, 1),)),),
        ((VERA, CNY, ((600, "9", 1),)),),
    ):  # fmt: skip
        with pytest.raises(WrongOrder):
            desk.do(c.InvoiceFees(STAFF, "2026-11", odd))
    desk.issue(desk.ask(0))
    assert desk.do(c.InvoiceFees(STAFF, "2026-11", bills)) == 2
    fees, back = (desk.papers[n] for n in (2, 3))
    assert (fees.seller, fees.buyer, fees.amount, fees.serial) == (0, VERA, 11, 2)
    assert fees.lines == ((0, 9, 600, 1), (0, 2, 300, 0))
    assert (str(back.series), back.amount, back.serial) == ("credit", 3, 1)
    with pytest.raises(WrongOrder):  # once each
        desk.do(c.InvoiceFees(STAFF, "2026-11", bills[1:]))
    assert 0 not in desk.market.invoices.invoiced


def test_a_refund_after_the_invoice_is_credited_at_once(desk):
    asked = desk.ask(0, 1)
    desk.issue(asked)
    desk.refund(0, 30)
    desk.refund(0, 90)
    notes = [p for p in desk.papers.values() if p.corrects == asked]
    assert [(p.amount, p.serial, str(p.series)) for p in notes] == [
        (30, 1, "credit"),
        (90, 2, "credit"),
    ]
    assert sum(p.lines[0][3] for p in notes) == 7  # the tax of the line, to the cent
    with pytest.raises(WrongOrder):
        desk.ask(0)


def test_a_refund_before_the_invoice_makes_it_smaller_or_ends_it(desk):
    both, single = desk.ask(0, 1), desk.ask(2)
    desk.refund(0, 120)
    desk.refund(1, 40)
    desk.refund(2, 120)
    assert desk.papers[both].amount == 80
    assert (str(desk.papers[single].state), desk.papers[single].lines) == (
        "refused",
        (),
    )
    desk.issue(both)
    assert desk.papers[both].serial == 1


def test_what_was_refunded_before_is_not_invoiced(desk):
    desk.refund(0, 25)
    assert desk.papers == {}
    assert desk.papers.get(desk.ask(0)).amount == 95


@given(st.lists(st.tuples(st.sampled_from("airb"), st.integers(0, 4)), max_size=24))
def test_numbers_have_no_gap_whatever_is_asked_issued_refused_refunded(steps):
    desk, asked = Desk(5), []
    for step, number in steps:
        before = state(desk.market)
        try:
            if step == "a":
                asked.append(desk.ask(number))
            elif step == "i":
                desk.issue(asked[number % len(asked)] if asked else 9)
            elif step == "r":
                which = asked[number % len(asked)] if asked else 9
                desk.do(c.RefuseInvoice(VERA, VERA, which, "no"))
            else:
                desk.refund(number, 40)
        except Refusal:
            assert step == "b" or state(desk.market) == before
    for series in ("invoice", "credit"):
        papers = [p for p in desk.papers.values() if str(p.series) == series]
        serials = [p.serial for p in papers if p.serial]
        assert sorted(serials) == list(range(1, len(serials) + 1))
    left = desk.market.invoices.left
    for sale in desk.sales:
        if sale.trade in left:
            back = desk.market.refunds.of.get(sale.trade, 0)
            assert left[sale.trade] == 120 - back


def test_an_odd_month_of_one_member_holds_no_other_up(monkeypatch):
    """Taken at 6 %, given back at 3 %: the tax is more than the cent that is left."""
    charged = {
        CAT: {(CNY, 600): (1_000, 57), (CNY, 300): (-999, -29)},
        DAN: {(CNY, 600): (106, 6)},
    }
    due = [feebills.Fees(CAT, CNY, 1), feebills.Fees(DAN, CNY, 106)]
    monkeypatch.setattr(feebills, "due", lambda *_: due)
    monkeypatch.setattr(feebills.summaries, "charges", lambda _, who, __: charged[who])
    assert feebills.bills(None, "2026-11", None) == ((DAN, CNY, ((600, 106, 6),)),)
