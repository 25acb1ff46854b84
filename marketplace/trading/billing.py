"""Commands of invoices: asked for by the buyer, issued or refused by the seller."""

from typing import NamedTuple

from settlement.refunds import Sale


class AskInvoice(NamedTuple):
    """Ask one seller for an invoice on settled trades, with the rate of tax in each."""

    by: int
    member: int  # the buyer
    sales: tuple[tuple[Sale, int], ...]  # each with basis points of tax
    note: str = ""  # to whom, which tax number


class IssueInvoice(NamedTuple):
    """Issue what was asked for; *outside* is the number of the tax paper (发票号码)."""

    by: int
    member: int  # the seller
    invoice: int
    outside: str


class InvoiceFees(NamedTuple):
    """Issue the house's invoices for its fees of a closed month; with tax by rate.

    Each bill is a member, a currency and its lines: basis points, amount, tax. Below
    zero more was given back than taken, and it is a credit note. They are told as the
    records have them, and the audit holds them against the transfers of the month.
    """

    by: int
    month: str  # as 2026-11
    bills: tuple[tuple[int, int, tuple[tuple[int, int, int], ...]], ...]


class RefuseInvoice(NamedTuple):
    """Refuse it with a reason; its trades may be asked for again."""

    by: int
    member: int  # the seller
    invoice: int
    reason: str
