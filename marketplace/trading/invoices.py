"""Invoices and credit notes in memory; each series of a year has no gap.

A number is given by the writer, and only to what is issued: what was refused never had
one. What comes back after an invoice is issued is credited in the same step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.money import AMOUNT_MAX
from settlement.states import Machine
from settlement.taxes import included

LINES_MAX = 50  # trades of one invoice
BILLS_MAX = 200  # of fees, that one command issues
OPEN_MAX = 100  # invoices that a buyer waits for
OUTSIDE_MAX = 40  # characters
NOTE_MAX = 400


@dataclass(eq=False)
class PaperTaken(Refusal):
    """Another invoice has this number of a tax paper: each serves one."""

    outside: str


class InvoiceState(StrEnum):
    """What has become of an invoice."""

    ASKED = "asked"
    ISSUED = "issued"
    REFUSED = "refused"


class InvoiceEvent(StrEnum):
    """What can happen to an invoice that is asked for."""

    ISSUE = "issue"
    REFUSE = "refuse"


INVOICE = Machine(
    "invoice",
    {
        (InvoiceState.ASKED, InvoiceEvent.ISSUE): InvoiceState.ISSUED,
        (InvoiceState.ASKED, InvoiceEvent.REFUSE): InvoiceState.REFUSED,
    },
)


class Series(StrEnum):
    """A series of numbers: invoices, and what takes back of them."""

    INVOICE = "invoice"
    CREDIT = "credit"


PREFIXES = {Series.INVOICE: "INV", Series.CREDIT: "CN"}


@dataclass(slots=True, eq=False)
class Invoice:
    """One invoice or credit note; its lines are (trade, amount, basis points, tax).

    Of a *period* it is the house's own, for its fees: its lines have no trade, but 0.
    """

    number: int
    seq: int
    at_us: int
    by_user: int
    series: Series
    seller: int
    buyer: int
    currency: int
    lines: tuple[tuple[int, int, int, int], ...]
    note: str = ""
    state: InvoiceState = InvoiceState.ASKED
    year: int | None = None
    serial: int | None = None
    outside: str = ""
    reason: str = ""
    corrects: int | None = None  # the invoice that a credit note is of
    ended_us: int | None = None
    ended_by: int | None = None
    period: str = ""

    @property
    def amount(self) -> int:
        """Return the sum of its lines, tax included."""
        return sum(line[1] for line in self.lines)

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by_user, str(self.series),
            self.seller, self.buyer, self.currency, canonical(self.lines), self.note,
            str(self.state), self.year, self.serial, self.outside, self.reason,
            self.corrects, self.ended_us, self.ended_by, self.period, self.amount,
            sum(line[3] for line in self.lines),
        )  # fmt: skip


def called(series: str, year: int, serial: int) -> str:
    """Return a number as it is written: ``INV-2026-000001``."""
    return f"{PREFIXES[Series(series)]}-{year}-{serial:06}"


def is_paper(lines: Iterable[tuple[int, int, int]]) -> bool:
    """Tell whether lines of fees (basis points, amount, tax) make one paper.

    Where what is taken at one rate and what is given back at another nearly cancel
    each other, the tax may be more than the sum, or against it: that is no paper.
    """
    told = tuple(lines)
    total, tax = (sum(one[place] for one in told) for place in (1, 2))
    sign = 1 if total > 0 else -1
    return 0 < abs(total) <= AMOUNT_MAX and 0 <= sign * tax <= abs(total)


def line(trade: int, amount: int, bps: int) -> tuple[int, int, int, int]:
    """Return the line of a trade."""
    return trade, amount, bps, included(amount, bps)


class Invoices:
    """Which trades are on which invoice, and the last number of each series."""

    def __init__(self) -> None:
        """Start with none."""
        self.live: dict[int, Invoice] = {}  # asked for
        self.of: dict[int, Invoice] = {}  # trade → the invoice it is on
        self.left: dict[int, int] = {}  # trade → what its issued lines come to
        self.serials: dict[tuple[str, int], int] = {}
        self.last = 0
        self.papers: set[str] = set()  # numbers of tax papers that are taken
        self.billed: set[tuple[int, int, str]] = set()  # (member, currency, month)
        self.changed: dict[int, Invoice] = {}
        self.invoiced: dict[int, int] = {}  # trade → its invoice, as it changed

    def note(self, invoice: Invoice) -> None:
        """Take over an invoice that is new or changed."""
        self.changed[invoice.number] = invoice
        self.restore(invoice)
        for trade in (kept[0] for kept in invoice.lines if not invoice.period):
            on = self.of.get(trade)
            self.invoiced[trade] = on.number if on else 0

    def restore(self, invoice: Invoice) -> None:
        """Take over an invoice as it stands."""
        number, state = invoice.number, invoice.state
        self.live.pop(number, None)
        if state is InvoiceState.ASKED:
            self.live[number] = invoice
        if invoice.outside:
            self.papers.add(invoice.outside)
        if invoice.period:
            self.billed.add((invoice.buyer, invoice.currency, invoice.period))
        else:
            self._restore_lines(invoice)
        if invoice.year is not None and invoice.serial is not None:
            key = str(invoice.series), invoice.year
            self.serials[key] = max(self.serials.get(key, 0), invoice.serial)
        self.last = max(self.last, number)

    def _restore_lines(self, invoice: Invoice) -> None:
        state, first = invoice.state, invoice.corrects is None
        for trade, amount, _, _ in invoice.lines:
            if state is InvoiceState.REFUSED:
                self.of.pop(trade, None)
            elif first:
                self.of[trade] = invoice
            if state is InvoiceState.ISSUED:
                sign = 1 if invoice.series is Series.INVOICE else -1
                self.left[trade] = self.left.get(trade, 0) + sign * amount

    def give_number(self, invoice: Invoice, year: int) -> None:
        """Give an invoice the next number of its series."""
        key = str(invoice.series), year
        invoice.year, invoice.serial = year, self.serials.get(key, 0) + 1

    def state(self) -> list[object]:
        """Return everything that decides what happens next."""
        return [
            [invoice.row() for _, invoice in sorted(self.live.items())],
            sorted((trade, invoice.number) for trade, invoice in self.of.items()),
            sorted(self.left.items()),
            sorted(self.serials.items()),
            self.last,
            sorted(self.papers),
            sorted(self.billed),
        ]
