"""What must always be true of the stored records; see reliability §3 for the letters.

Each check reads the records with SQL of its own and yields a `Violation`, a code and a
sentence, for whatever is wrong. `QUICK` holds those that read balances only.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from settlement.invariants import (
    agreements,
    auctions,
    books,
    busts,
    cards,
    closings,
    contests,
    corrections,
    cycles,
    disputes,
    escrows,
    exclusivity,
    filings,
    flows,
    holds,
    invoices,
    mandates,
    money,
    payments,
    pools,
    prices,
    priority,
    quotes,
    records,
    rights,
    shares,
    tenders,
    trades,
    uses,
    useshares,
)
from settlement.invariants.violation import Violation, ask

__all__ = [
    "CHECKS",
    "QUICK",
    "Check",
    "Violation",
    "count_rows",
    "snapshot",
    "violations",
]

Check = Callable[[Connection], Iterator[Violation]]

CHECKS: tuple[Check, ...] = (
    money.two_sides,
    money.parties_named,
    money.nothing_from_nothing,
    money.balances_follow,
    money.nobody_overdrawn,
    money.whole_numbers,
    money.one_asset,
    money.fees_as_published,
    money.outside_is_the_house,
    flows.moves_as_charted,
    holds.held_is_needed,
    holds.each_order_its_hold,
    holds.bids_have_limits,
    books.quantities_add_up,
    books.never_crossed,
    books.within_limits,
    books.closed_books_are_empty,
    priority.first_come_first_served,
    auctions.one_price_within_limits,
    auctions.most_volume_by_priority,
    auctions.auctions_as_journalled,
    trades.settled_once,
    trades.delivery_against_payment,
    trades.found_by_its_delivery,
    trades.agreed_in_writing,
    escrows.waiting_is_owed,
    escrows.paid_as_accepted,
    escrows.ended_whole,
    escrows.nothing_overdue,
    disputes.money_stands_still,
    disputes.decided_by_two,
    disputes.refunded_once,
    busts.busted_by_two,
    busts.busted_in_full,
    cycles.owed_as_traded,
    cycles.netted_as_owed,
    cycles.paid_as_netted,
    cycles.reserve_covers_credit,
    cycles.reserve_follows,
    cycles.debts_are_kept,
    shares.shares_sum_to_the_trade,
    shares.shares_are_paid,
    shares.shared_as_agreed,
    shares.taxed_as_published,
    rights.right_for_each_trade,
    rights.no_right_from_nothing,
    rights.rights_are_balances,
    rights.deliveries_within_rights,
    rights.terms_as_frozen,
    rights.bytes_as_bought,
    exclusivity.one_exclusive_right,
    exclusivity.sold_by_the_vendor_once,
    prices.under_the_ceiling,
    prices.tried_once,
    prices.pinned_as_seen,
    quotes.negotiated_as_offered,
    quotes.countered_in_turns,
    quotes.one_purchase_a_request,
    quotes.offers_hold_once,
    mandates.budgets_hold,
    mandates.nothing_waits_after_the_end,
    pools.one_price_by_the_schedule,
    pools.groups_hold_once,
    agreements.signed_by_all,
    agreements.traded_as_signed,
    agreements.paid_in_stages,
    agreements.signatures_hold_once,
    tenders.closed_by_the_rule,
    uses.periods_add_up,
    uses.uses_are_paid,
    useshares.parts_sum_to_the_period,
    useshares.parts_are_paid,
    useshares.periods_shared_as_agreed,
    uses.calls_were_counted,
    filings.filed_by_two_sides,
    tenders.opened_as_sealed,
    tenders.bonds_follow,
    contests.deposits_follow,
    contests.sold_to_the_best,
    contests.bids_as_ruled,
    payments.money_once,
    payments.states_in_order,
    payments.two_pairs_of_hands,
    cards.lines_add_up,
    cards.moved_as_lined,
    cards.clearing_is_the_lines,
    cards.debts_are_paid_first,
    invoices.numbered_without_gaps,
    invoices.invoiced_as_paid,
    invoices.fees_as_taken,
    invoices.each_paper_once,
    corrections.corrected_by_two,
    corrections.corrected_once,
    closings.closed_by_two,
    closings.closed_in_turn,
    closings.carried_as_transferred,
    closings.nothing_after_the_close,
    closings.reversed_with_a_code,
    records.chain_holds,
    records.no_gaps,
    records.one_key_one_record,
    records.nothing_without_command,
    records.orders_as_journalled,
)
QUICK: tuple[Check, ...] = (money.nothing_from_nothing, money.nobody_overdrawn)

TABLES = (
    "closings", "agreements", "signatures", "pools", "pool_members", "invoices",
    "mandates", "invoiced", "erasures",
    "journal", "accounts", "transfers", "trades", "contracts", "terms", "orders",
    "books", "standings", "entitlements", "receipts", "payins", "payouts", "arrivals",
    "fee_schedules", "auctions", "phases", "stops", "offers",
    "contests", "contest_bids", "contest_bidders",
    "limits", "proposals", "kept_prices", "escrows", "workdays", "disputes", "refunds",
    "busts",
    "tenders", "tender_bids", "filings", "tabs", "periods", "uses", "meters",
    "use_shares", "cards", "provider_lines", "withheld", "mendings",
    "cycles", "credits", "penalties", "obligations", "runs", "run_lines", "fails",
    "splits", "split_parties", "shares", "tax_schedules",
)  # fmt: skip


class Progress(NamedTuple):
    """How far an audit has come: *done* of *total* checks, *title* is next."""

    done: int
    total: int
    title: str


def _no_report(_progress: Progress) -> None:
    """Tell nobody."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the records, whoever else writes."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as db, db.begin():
        yield db


def violations(
    db: Connection,
    checks: tuple[Check, ...] = CHECKS,
    report: Callable[[Progress], None] = _no_report,
) -> Iterator[Violation]:
    """Yield what *checks* find; *report* is told before each of them."""
    for done, check in enumerate(checks):
        title = (check.__doc__ or check.__name__).partition("\n")[0]
        report(Progress(done, len(checks), title))
        yield from check(db)


def count_rows(db: Connection) -> int:
    """Return how many rows the checks look at."""
    return sum(
        count
        for table in TABLES
        for (count,) in ask(db, f"SELECT COUNT(*) FROM {table}")
    )
