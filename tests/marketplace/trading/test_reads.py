"""What may be asked of orders, books and trades, on every engine."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, event

from marketplace.trading import reads
from marketplace.trading.book import Level
from marketplace.trading.candles import MONTH, Candle, by_month, candles
from marketplace.trading.tables import books, orders, prints, standings
from settlement.errors import NotFound
from settlement.store import Page
from settlement.tables import trades

ANN, BOB, VERA = 1, 2, 9
SUN, SEA, IDLE = 1_000, 1_001, 1_002
HOUR_US = 3_600_000_000


def order(
    number: int, member: int, side: str, price: int | None, **more: object
) -> dict:
    quantity = more.get("quantity", 10)
    return {
        "id": number, "seq": number, "at_us": number * HOUR_US, "member": member,
        "by_user": member, "instrument": SUN, "side": side, "price": price,
        "quantity": quantity, "remaining": quantity, "time_in_force": "GTC",
        "expires_us": None, "evergreen": 0, "purpose": "", "state": "open",
        "reason": None, **more,
    }  # fmt: skip


def trade(number: int, price: int, quantity: int, **more: object) -> dict:
    return {
        "id": number, "seq": number, "at_us": number * HOUR_US, "instrument": SUN,
        "price": price, "quantity": quantity, "currency": 1, "buyer": ANN,
        "seller": VERA, "buy_order": 1, "sell_order": 5, "taker": "buy", "fee": 0,
        "origin": "book", "state": "settled", "delivery": number, **more,
    }  # fmt: skip


ORDERS = [
    order(1, ANN, "buy", 90),
    order(2, BOB, "buy", 90, quantity=5, remaining=3, state="partial"),
    order(3, BOB, "buy", 80),
    order(4, ANN, "buy", 99, state="cancelled", reason="requested"),
    order(5, VERA, "sell", 100, evergreen=1, quantity=1),
    order(6, VERA, "sell", 100, quantity=4),
    order(7, VERA, "sell", 120, quantity=7),
    order(8, VERA, "sell", 95, state="filled", remaining=0),
    order(9, VERA, "sell", 7, instrument=SEA, evergreen=1),
    order(10, ANN, "buy", None, time_in_force="IOC", state="filled", remaining=0),
]
TRADES = [
    trade(1, 95, 10, sell_order=8),
    trade(2, 100, 2),
    trade(3, 97, 1, buyer=BOB, buy_order=2),
    trade(4, 7, 3, instrument=SEA, buyer=VERA, seller=ANN, currency=2),
    trade(5, 103, 4),
]
PRINTS = [
    {name: row[name] for name in ("id", "instrument", "at_us", "price", "quantity")}
    | {"trade": row["id"], "due_us": row["at_us"], "currency": row["currency"]}
    | {"taker": row["taker"]}
    for row in TRADES
]


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as db:
        db.execute(
            books.insert(),
            [
                {
                    "instrument": number, "symbol": symbol, "vendor": VERA,
                    "currency": currency, "tick": 1, "lot": 1, "terms": 1,
                    "purposes": "", "term_us": None, "deliveries_max": None,
                    "transferable": 0, "state": state, "audience": None, "hidden": 0,
                }
                for number, symbol, currency, state in (
                    (SUN, "SUN", 1, "listed"),
                    (SEA, "SEA", 2, "listed"),
                    (IDLE, "IDLE", 1, "delisted"),
                )
            ],
        )  # fmt: skip
        db.execute(orders.insert(), ORDERS)
        db.execute(trades.insert(), TRADES)
        db.execute(prints.insert(), PRINTS)
        db.execute(
            standings.insert(),
            [{"member": ANN, "verified": 1}, {"member": BOB, "verified": 0}],
        )
    with engine.connect() as db:
        yield db


def numbers(page: Page) -> list[int]:
    return [row.id for row in page.rows]


def test_levels_have_the_best_price_first_and_count_evergreen_apart(
    db: Connection,
) -> None:
    assert reads.levels(db, SUN) == reads.Levels(
        bids=(Level(90, 13, 2, 0), Level(80, 10, 1, 0)),
        offers=(Level(100, 4, 2, 1), Level(120, 7, 1, 0)),
    )


def test_depth_limits_both_sides(db: Connection) -> None:
    bids, offers = reads.levels(db, SUN, depth=1)
    assert [level.price for level in bids] == [90]
    assert [level.price for level in offers] == [100]


def test_a_book_without_orders_has_no_levels(db: Connection) -> None:
    assert reads.levels(db, IDLE) == reads.Levels((), ())


def test_best_tells_both_sides_of_many_books(db: Connection) -> None:
    assert reads.best(db, [SUN, SEA, IDLE]) == {
        SUN: reads.Best(90, 100),
        SEA: reads.Best(None, 7),
    }
    assert reads.best(db, []) == {}


def test_a_posted_price_is_the_lowest_evergreen_offer(db: Connection) -> None:
    assert reads.posted_prices(db, [SUN, SEA, IDLE]) == {SUN: 100, SEA: 7}


def test_last_prices(db: Connection) -> None:
    assert reads.last_prices(db, [SUN, SEA, IDLE]) == {SUN: 103, SEA: 7}


def test_a_book_is_found_by_its_instrument(db: Connection) -> None:
    assert reads.book(db, SUN).symbol == "SUN"
    assert set(reads.books_of(db, [SUN, IDLE, 5])) == {SUN, IDLE}
    with pytest.raises(NotFound):
        reads.book(db, 5)


def test_orders_come_newest_first_page_by_page(db: Connection) -> None:
    first = reads.orders_of(db, ANN, limit=2)
    assert numbers(first) == [10, 4]
    assert first.before == 4
    second = reads.orders_of(db, ANN, before=first.before, limit=2)
    assert numbers(second) == [1]
    assert second.before is None
    assert second.rows[0].symbol == "SUN"
    assert second.rows[0].currency == 1


def test_live_orders_are_those_that_wait(db: Connection) -> None:
    assert numbers(reads.orders_of(db, BOB, live=True)) == [3, 2]
    assert numbers(reads.orders_of(db, ANN, live=True)) == [1]


def test_offers_of_a_vendor_wait_and_sell(db: Connection) -> None:
    assert numbers(reads.offers_of(db, VERA)) == [9, 7, 6, 5]


def test_another_members_order_is_not_found(db: Connection) -> None:
    assert reads.order(db, 1, ANN).price == 90
    for number, member in ((1, BOB), (99, ANN)):
        with pytest.raises(NotFound) as refusal:
            reads.order(db, number, member)
        assert refusal.value.kind == "order"


def test_trades_of_a_member_show_the_members_own_side(db: Connection) -> None:
    page = reads.trades_of(db, ANN)
    assert [(row.id, row.side, row.value) for row in page.rows] == [
        (5, "buy", 412),
        (4, "sell", 21),
        (2, "buy", 200),
        (1, "buy", 950),
    ]
    assert page.rows[1].symbol == "SEA"


def test_trades_of_a_member_go_on_where_the_page_ended(db: Connection) -> None:
    seen: list[int] = []
    before = None
    while True:
        page = reads.trades_of(db, VERA, before=before, limit=2)
        seen += numbers(page)
        before = page.before
        if before is None:
            break
    assert seen == [5, 4, 3, 2, 1]


def test_a_trade_is_shown_to_its_parties_only(db: Connection) -> None:
    assert reads.trade(db, 3, BOB).side == "buy"
    assert reads.trade(db, 3, VERA).side == "sell"
    with pytest.raises(NotFound):
        reads.trade(db, 3, ANN)


def test_trades_of_an_order_are_those_that_filled_it(db: Connection) -> None:
    assert numbers(reads.trades_of_order(db, 5)) == [5, 3, 2]
    assert numbers(reads.trades_of_order(db, 99)) == []


def test_trades_of_an_instrument(db: Connection) -> None:
    page = reads.trades_of_instrument(db, SUN, limit=3)
    assert numbers(page) == [5, 3, 2]
    assert numbers(reads.trades_of_instrument(db, SUN, before=page.before)) == [1]


def test_today_is_what_was_traded_since(db: Connection) -> None:
    assert numbers(reads.today(db, 3 * HOUR_US)) == [5, 4, 3]
    assert numbers(reads.today(db, 0)) == [5, 4, 3, 2, 1]
    assert numbers(reads.today(db, 99 * HOUR_US)) == []


def test_candles_open_and_close_in_time_order(db: Connection) -> None:
    assert candles(db, SUN, 4 * HOUR_US, 0, 99 * HOUR_US) == (
        Candle(0, 95, 100, 95, 97, 13, 950 + 200 + 97, 3),
        Candle(4 * HOUR_US, 103, 103, 103, 103, 4, 412, 1),
    )


def test_months_are_made_of_their_days(db: Connection) -> None:
    (month,) = candles(db, SUN, MONTH, 0, 40 * 24 * HOUR_US)
    days = candles(db, SUN, 24 * HOUR_US, 0, 40 * 24 * HOUR_US)
    assert (month.open, month.close) == (days[0].open, days[-1].close)
    assert month.volume == sum(day.volume for day in days)
    january, february = by_month((Candle(0, 5, 9, 4, 6, 2, 12, 2), Candle(
        35 * 24 * HOUR_US, 6, 6, 6, 6, 1, 6, 1)))  # fmt: skip
    assert january == Candle(0, 5, 9, 4, 6, 2, 12, 2)
    assert february.begins_us == 31 * 24 * HOUR_US


def test_candles_leave_out_what_is_outside_the_time(db: Connection) -> None:
    found = candles(db, SUN, HOUR_US, 2 * HOUR_US, 5 * HOUR_US)
    assert [candle.begins_us for candle in found] == [2 * HOUR_US, 3 * HOUR_US]


def test_the_market_at_a_glance(db: Connection) -> None:
    assert reads.glance(db, 3 * HOUR_US) == reads.Glance(
        trades=3, instruments=2, orders=7, members=1
    )


def test_turnover_is_told_by_currency(db: Connection) -> None:
    assert reads.turnover(db, 2 * HOUR_US) == (
        reads.Turnover(1, 200 + 97 + 412, 3),
        reads.Turnover(2, 21, 1),
    )


def test_the_busiest_instrument_has_the_most_trades(db: Connection) -> None:
    assert reads.busiest(db, 0) == (
        reads.Busy(SUN, "SUN", 1, 4, 17, 950 + 200 + 97 + 412),
        reads.Busy(SEA, "SEA", 2, 1, 3, 21),
    )
    assert len(reads.busiest(db, 0, limit=1)) == 1


def test_every_question_is_one_statement(db: Connection) -> None:
    asked: list[str] = []
    event.listen(db, "before_cursor_execute", lambda *values: asked.append(values[2]))
    questions = (
        lambda: reads.levels(db, SUN),
        lambda: reads.best(db, [SUN]),
        lambda: reads.posted_prices(db, [SUN]),
        lambda: reads.last_prices(db, [SUN]),
        lambda: reads.order(db, 1, ANN),
        lambda: reads.orders_of(db, ANN),
        lambda: reads.offers_of(db, VERA),
        lambda: reads.trades_of(db, ANN),
        lambda: reads.trades_of_order(db, 5),
        lambda: reads.trades_of_instrument(db, SUN),
        lambda: reads.today(db, 0),
        lambda: candles(db, SUN, HOUR_US, 0, 99),
        lambda: reads.glance(db, 0),
        lambda: reads.turnover(db, 0),
        lambda: reads.busiest(db, 0),
    )
    for question in questions:
        question()
    asked = [statement for statement in asked if not statement.startswith("BEGIN")]
    assert len(asked) == len(questions)


def plan(db: Connection, question: object) -> str:
    """Return SQLite's plan for the statement that *question* asks."""
    asked: list[tuple[str, object]] = []
    listener = lambda *values: asked.append((values[2], values[3]))
    event.listen(db, "before_cursor_execute", listener)
    question()
    event.remove(db, "before_cursor_execute", listener)
    statement, values = asked[-1]
    rows = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_books_are_read_by_the_index_of_live_orders(db: Connection) -> None:
    for question in (
        lambda: reads.levels(db, SUN),
        lambda: reads.best(db, [SUN, SEA]),
        lambda: reads.posted_prices(db, [SUN, SEA]),
    ):
        assert "ix_orders_live" in plan(db, question)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_of_trades_never_scan_the_table(db: Connection) -> None:
    for question in (
        lambda: reads.trades_of(db, ANN),
        lambda: reads.trades_of_instrument(db, SUN),
        lambda: reads.trades_of_order(db, 5),
        lambda: reads.last_prices(db, [SUN]),
        lambda: reads.orders_of(db, ANN),
    ):
        steps = plan(db, question).splitlines()
        assert not [s for s in steps if s in ("SCAN trades", "SCAN orders")], steps
