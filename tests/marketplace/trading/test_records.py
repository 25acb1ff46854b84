"""Records: what a batch changed is written once, and read back as the same market."""

from sqlalchemy import select

from marketplace.trading import commands as c
from marketplace.trading import tables as t
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from settlement import store
from settlement import tables as s
from settlement.errors import Refusal
from tests.floor import BUY, CAT, DAN, STAFF, SUN, VERA, bid, line, opened, opening

FLOW = (
    *opening(),
    BUY,
    bid(quantity=5),
    c.ReduceOrder(CAT, CAT, 3, 2),
    c.PlaceOrder(VERA, VERA, line("sell", 9, 1, time_in_force="IOC")),
    bid(10**9, 10**6),  # refused
    bid(8, 2, DAN, time_in_force="GTD", expires_us=10**15),
    c.PlaceOrder(CAT, CAT, line("sell", 15, 1)),
    c.PlaceOrder(DAN, DAN, line("buy", 15, 1, time_in_force="FOK")),
    c.SuspendRight(STAFF, 1),
    c.Deliver(CAT, CAT, 2, 4, "ab" * 32, 5),
    c.RequestPayin(CAT, CAT, 1, 20_000_000, "large"),
    c.ConfirmPayin(STAFF, 3),
    c.RequestPayout(CAT, CAT, 1, 7, "bank"),
    c.ApprovePayout(STAFF, 1),
    c.PublishFees(STAFF, 100),
    c.SetAudience(STAFF, SUN, (CAT, VERA), True),
    c.SetConsents(STAFF, SUN, ((CAT, "display"), (VERA, "resale"))),
    c.SuspendInstrument(STAFF, SUN),
    c.CancelOrder(CAT, CAT, 3),
)


def apply(market, flow, first=1):
    """Apply a flow, refusals and all."""
    for seq, command in enumerate(flow, start=first):
        try:
            market.apply(command, seq, seq * 10)
        except Refusal:
            continue


def rows(db):
    """Return every row of every table that trading writes."""
    tables = (
        t.orders, t.books, t.standings, s.accounts, s.transfers, s.trades, s.terms,
        s.contracts, s.entitlements, s.receipts, s.payins, s.payouts, s.arrivals,
        s.fee_schedules,
    )  # fmt: skip
    return {
        table.name: sorted(map(tuple, db.execute(select(table))), key=repr)
        for table in tables
    }


def test_a_drained_market_has_nothing_left_to_write():
    market = Market()
    apply(market, FLOW)
    drain(market)
    assert not any(drain(market))


def test_it_makes_no_difference_where_the_commits_fall(database_url):
    engine = opened(database_url)
    written = []
    for size in (1, 3, len(FLOW)):
        market = Market()
        with engine.begin() as db:
            for first in range(0, len(FLOW), size):
                apply(market, FLOW[first : first + size], first + 1)
                write(db, drain(market))
            written.append(rows(db))
            assert digest(load(db)) == digest(market)
            db.rollback()
    assert all(other == written[0] for other in written)
    assert len(written[0]["trades"]) == 3
    engine.dispose()


def test_a_loaded_market_goes_on_as_the_first_one_would(sqlite_url):
    engine = opened(sqlite_url)
    cut = len(FLOW) // 2
    first, whole = Market(), Market()
    apply(first, FLOW[:cut])
    apply(whole, FLOW)
    with engine.begin() as db:
        write(db, drain(first))
        second = load(db)
        apply(second, FLOW[cut:], cut + 1)
        assert digest(second) == digest(whole)
        write(db, drain(second))
        assert digest(load(db)) == digest(whole)
    engine.dispose()


def test_an_empty_database_is_an_empty_market(sqlite_url):
    engine = opened(sqlite_url)
    with engine.connect() as db:
        assert digest(load(db)) == digest(Market())
    engine.dispose()


def test_balances_that_changed_are_written_and_no_others(sqlite_url):
    market = Market()
    apply(market, FLOW)
    drain(market)
    apply(market, [c.RequestPayin(DAN, DAN, 1, 5, "x"), c.ConfirmPayin(STAFF, 4)], 50)
    effects = drain(market)
    numbers = {market.ledger.number(*key) for key in ((0, 1, 3), (DAN, 1, 0))}
    assert {row[0] for row in effects.accounts} == numbers


def test_the_write_engine_and_the_read_engine_see_the_same(sqlite_url):
    engine = opened(sqlite_url)
    market = Market()
    apply(market, FLOW)
    with engine.begin() as db:
        write(db, drain(market))
    reads = store.connect(sqlite_url)
    with reads.connect() as db:
        assert digest(load(db)) == digest(market)
    reads.dispose()
    engine.dispose()
