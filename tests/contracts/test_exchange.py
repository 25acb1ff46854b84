"""The one door on every database: answered is recorded, once, by one writer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, text, update

from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway, open_gateway
from marketplace.trading.lease import WriterElsewhere
from marketplace.trading.replay import replay
from marketplace.trading.snapshot import digest
from settlement import journal, store
from settlement import tables as s
from settlement.errors import (
    ExchangeHalted,
    InsufficientBalance,
    KeyReuse,
    OutcomeUnknown,
    Refusal,
)
from tests.floor import Fault, proven, wait_until

STAFF, SECOND, VERA, CAT = 901, 902, 1, 2
SUN, CNY = 1_000, 1


def line(side, price, quantity, **rest):
    """Return a line in the one instrument."""
    return c.Line(SUN, side, price, quantity, **{"purpose": "analysis", **rest})


BUY = c.PlaceOrder(CAT, CAT, line("buy", 12, 1, time_in_force="IOC"))


@pytest.fixture
def reads(database_url) -> Iterator[Engine]:
    """What gateways look earlier outcomes up with."""
    engine = store.connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def door(engine, reads) -> Iterator[Gateway]:
    """A gateway to a market where vera posts SUN @ 12 and cat has 1000."""
    gateway = open_gateway("inline:", engine, reads)
    for member in (VERA, CAT):
        gateway.submit(c.SetStanding(STAFF, member, verified=True))
    terms = ('{"title":"Sun"}', ("analysis",), None, None)
    gateway.submit(
        c.ListInstrument(STAFF, SUN, "SUN", VERA, CNY, 1, 1, *terms, transferable=True)
    )
    payin = gateway.submit(c.RequestPayin(CAT, CAT, CNY, 1_000, "cash")).result
    if gateway.submit(c.ConfirmPayin(STAFF, payin)).result == "pending":
        gateway.submit(c.ApprovePayin(SECOND, payin))
    gateway.submit(c.PlaceOrder(VERA, VERA, line("sell", 12, 1, evergreen=True)))
    yield gateway
    gateway.close()


def count(engine, table):
    """Return how many rows *table* has."""
    with engine.connect() as db:
        return db.scalar(select(func.count()).select_from(table))


def test_what_was_answered_is_recorded_and_replays(door, engine):
    placed = door.submit(BUY).result
    assert [trade[1:] for trade in placed.trades] == [(12, 1)]
    assert (count(engine, s.trades), count(engine, s.entitlements)) == (1, 1)
    with engine.connect() as db:
        assert list(journal.verify(db)) == []
        assert replay(db).differences == []


def test_a_restart_finds_the_same_market(door, engine):
    door.submit(BUY)
    door.submit(c.PlaceOrder(CAT, CAT, line("buy", 9, 5)))
    exchange = door._door
    before = digest(exchange.market)
    door.close()
    again = Exchange(engine)
    assert digest(again.market) == before
    assert again.status().epoch == exchange.status().epoch + 1
    again.close()


def test_the_same_key_gives_the_same_answer_and_trades_once(door, engine):
    first = door.submit(BUY, key="k1")
    assert door.submit(BUY, key="k1") == first
    assert count(engine, s.trades) == 1


def test_a_key_is_remembered_over_a_restart(door, engine, reads):
    first = door.submit(BUY, key="k1")
    door.close()
    again = open_gateway("inline:", engine, reads)
    assert again.submit(BUY, key="k1") == first
    again.close()


def test_a_key_is_refused_for_another_command(door):
    door.submit(BUY, key="k1")
    with pytest.raises(KeyReuse):
        door.submit(c.PlaceOrder(CAT, CAT, line("buy", 11, 1)), key="k1")


def test_a_refusal_is_recorded_and_given_again(door, engine):
    dear = c.PlaceOrder(CAT, CAT, line("buy", 11, 1_000))
    recorded = count(engine, s.journal)
    for _ in range(2):
        with pytest.raises(InsufficientBalance) as refused:
            door.submit(dear, key="k1")
        assert refused.value.needed == 11_000
    assert count(engine, s.journal) == recorded + 1


def test_a_basket_answers_each_line_by_itself(door, engine):
    lines = (BUY.line, line("buy", 11, 1_000), BUY.line)
    kinds = [type(r) for r in door.submit(c.PlaceBasket(CAT, CAT, lines)).result]
    assert kinds == [c.Placed, c.Refused, c.Placed]
    assert count(engine, s.trades) == 2


def test_sixteen_askers_at_once_are_answered_once_each(door, engine):
    with ThreadPoolExecutor(16) as askers:
        asked = [askers.submit(door.submit, BUY) for _ in range(64)]
        seqs = [answer.result().seq for answer in asked]
    assert len(set(seqs)) == 64
    with engine.connect() as db:
        seqs = [record.seq for record in journal.records(db)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert set(db.scalars(_totals())) == {0}
        assert replay(db).differences == []


def _totals():
    return select(func.sum(s.accounts.c.balance)).group_by(s.accounts.c.asset)


@pytest.mark.usefixtures("door")
def test_a_second_writer_is_turned_away(engine):
    with pytest.raises(WriterElsewhere):
        Exchange(engine)


def test_a_writer_whose_epoch_is_over_records_nothing_more(door, engine):
    with engine.begin() as db:
        db.execute(update(s.writer).values(epoch=s.writer.c.epoch + 1))
    recorded = count(engine, s.journal)
    with pytest.raises(OutcomeUnknown):
        door.submit(BUY)
    with pytest.raises(ExchangeHalted):
        door.submit(BUY)
    assert door.status().halted
    assert count(engine, s.journal) == recorded


@pytest.mark.parametrize("after", [False, True])
def test_a_commit_that_breaks_is_unknown_and_takes_effect_once(door, engine, after):
    """Before the database has it, or after: the same key tells, and does it once."""
    Fault(engine, after=after)
    with pytest.raises(OutcomeUnknown):
        door.submit(BUY, key="once")
    wait_until(lambda: not door.status().halted)
    outcome = door.submit(BUY, key="once")
    assert door.submit(BUY, key="once") == outcome
    assert count(engine, s.trades) == 1
    proven(engine)


def test_a_missing_table_halts_the_writer_until_it_is_back(door, engine, reads):
    with reads.connect() as db:
        db.execute(text("ALTER TABLE trades RENAME TO mislaid"))
        db.commit()
    with pytest.raises(OutcomeUnknown):
        door.submit(BUY, key="k")
    assert door.status().halted
    with reads.connect() as db:
        db.execute(text("ALTER TABLE mislaid RENAME TO trades"))
        db.commit()
    wait_until(lambda: not door.status().halted)
    assert door.submit(BUY, key="k") == door.submit(BUY, key="k")
    assert count(engine, s.trades) == 1
    proven(engine)


def test_a_writer_that_was_overtaken_in_its_sleep_writes_nothing(door, engine):
    """Another has taken the epoch and written a record since."""
    with engine.begin() as db:
        end = db.execute(select(s.writer)).one()
        chain = journal.Chain(end.seq, bytes(end.head), end.epoch + 1)
        record = chain.append(10**16, 0, None, "Tick", (), ("applied", (0, 0)))
        store.insert(db, s.journal, [record])
        db.execute(
            update(s.writer).values(epoch=chain.epoch, seq=chain.seq, head=chain.head)
        )
    with pytest.raises(OutcomeUnknown):
        door.submit(BUY)
    assert count(engine, s.trades) == 0
    with engine.connect() as db:
        assert list(journal.records(db))[-1] == record
        assert list(journal.verify(db)) == []


def test_a_lost_connection_is_replaced(door, engine):
    """The administrator ends the session; PostgreSQL and SQLite alike."""
    for db in door._door._committer._connections:
        db.connection.driver_connection.close()
        db.rollback()
    with pytest.raises(OutcomeUnknown):
        door.submit(BUY, key="k")
    wait_until(lambda: not door.status().halted)
    assert door.submit(BUY, key="k").result.trades
    assert count(engine, s.trades) == 1
    proven(engine)


def test_odd_texts_are_refused_alike_and_recorded(door, engine):
    for purpose in ("\x00", "\ud800", "训练", "a b"):
        with pytest.raises(Refusal) as refused:
            door.submit(c.PlaceOrder(CAT, CAT, line("buy", 9, 1, purpose=purpose)))
        assert refused.value.code == "purpose_not_permitted"
    for reference in ("\x00", "\ud800"):
        with pytest.raises(Refusal) as refused:
            door.submit(c.RequestPayin(CAT, CAT, CNY, 5, reference))
        assert refused.value.code == "wrong_order"
    assert not door.status().halted
    proven(engine)
