"""The writer: durable before it answers, halted when in doubt, on its feet again."""

import queue
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event, text

from marketplace.trading import commands as c
from marketplace.trading import exchange as module
from marketplace.trading.exchange import Exchange
from marketplace.trading.snapshot import digest
from marketplace.trading.tables import orders
from marketplace.trading.ticket import Ticket
from settlement import journal, store
from settlement import tables as s
from settlement.errors import (
    Busy,
    ExchangeHalted,
    KeyReuse,
    OutcomeUnknown,
    Refusal,
)
from tests.floor import (
    BUY,
    CASH,
    CAT,
    PRICE,
    Clock,
    Fault,
    bid,
    count,
    line,
    money,
    proven,
    trading,
    wait_until,
)


@pytest.fixture
def floor(sqlite_url):
    """A gateway to an exchange on SQLite with the floor open."""
    with trading(sqlite_url) as gateway:
        yield gateway


@pytest.fixture
def writer(floor):
    """The exchange behind the gateway."""
    return floor._door


def running(writer):
    """Tell whether the writer takes commands."""
    return not writer.status().halted


def test_what_is_answered_is_already_recorded(floor, writer):
    for _ in range(20):
        outcome = floor.submit(BUY)
        with writer._engine.connect() as db:
            assert db.scalar(text("SELECT max(seq) FROM journal")) >= outcome.seq
    assert proven(writer._engine) == writer.status().seq


def test_the_first_fees_are_on_record_however_late_the_first_command_comes(
    sqlite_url, monkeypatch
):
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    engine = store.connect(sqlite_url, write=True)
    store.metadata.create_all(engine)
    idle = Exchange(engine)
    time.sleep(0.1)
    ticket = Ticket(c.PublishFees(901, 300), None)
    idle.enter(ticket)
    assert ticket.wait().result == 2
    idle.close()
    with engine.connect() as db:
        rows = db.execute(s.fee_schedules.select()).all()
    assert [(row.version, row.trade_bps) for row in rows] == [(1, 250), (2, 300)]
    assert proven(engine) == 1
    engine.dispose()


def test_commands_that_come_together_share_a_commit(floor, writer):
    commits = []
    event.listen(writer._engine, "commit", lambda _db: commits.append(1))
    threads = [
        threading.Thread(target=lambda: [floor.submit(bid()) for _ in range(10)])
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(commits) < 160
    assert proven(writer._engine) == writer.status().seq


@pytest.mark.parametrize("after", [False, True])
def test_a_failed_commit_is_unknown_and_never_applied_twice(floor, writer, after):
    Fault(writer._engine, after=after)
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY, key="once")
    wait_until(lambda: running(writer))
    outcome = floor.submit(BUY, key="once")
    assert floor.submit(BUY, key="once") == outcome
    assert count(writer._engine, s.trades) == 1
    assert money(writer._engine, CAT) == CASH - PRICE
    proven(writer._engine)


def test_while_halted_everything_is_refused_and_nothing_done(floor, writer):
    recorded = count(writer._engine, s.journal)
    Fault(writer._engine)
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY)
    with pytest.raises(ExchangeHalted):
        floor.submit(BUY)
    wait_until(lambda: running(writer))
    assert count(writer._engine, s.journal) == recorded
    assert floor.submit(BUY).seq == recorded + 1
    proven(writer._engine)


def test_a_batch_applied_behind_a_failed_one_is_not_written(floor, writer):
    """Memory runs ahead of the records; whatever was built on what failed must go."""
    Fault(writer._engine, times=1)
    answers = []

    def ask():
        for _ in range(20):
            try:
                answers.append(floor.submit(BUY).result)
            except (OutcomeUnknown, ExchangeHalted) as refusal:
                answers.append(refusal)

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    wait_until(lambda: running(writer))
    done = [answer for answer in answers if not isinstance(answer, Refusal)]
    assert len(answers) == 160
    assert len({placed.order for placed in done}) == len(done)
    assert count(writer._engine, s.trades) == len([p for p in done if p.trades])
    proven(writer._engine)


def test_a_table_that_is_missing_halts_until_it_is_repaired(floor, writer):
    engine = store.connect(str(writer._engine.url))
    with engine.connect() as db:
        db.execute(text("ALTER TABLE trades RENAME TO mislaid"))
        db.commit()
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY, key="k")
    time.sleep(1.5)  # it tries to rebuild, more than once
    assert writer.status().halted
    with engine.connect() as db:
        db.execute(text("ALTER TABLE mislaid RENAME TO trades"))
        db.commit()
    wait_until(lambda: running(writer))
    floor.submit(BUY, key="k")
    assert count(engine, s.trades) == 1
    proven(engine)
    engine.dispose()


def test_a_writer_that_cannot_get_its_lock_back_at_once_goes_on_trying(floor, writer):
    lock = Path(f"{writer._engine.url.database}.writer")
    lock.unlink()
    lock.mkdir()  # nothing can be opened there, as when the disk or server is away
    Fault(writer._engine)
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY)
    time.sleep(3)  # it tries, more than once
    assert writer.status().halted
    lock.rmdir()
    wait_until(lambda: running(writer))
    assert floor.submit(BUY).result.trades
    proven(writer._engine)


def test_a_database_that_cannot_be_written_is_an_unknown_outcome(floor, writer):
    (db,) = writer._committer._connections
    db.connection.driver_connection.execute("PRAGMA query_only = ON")
    db.rollback()
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY)
    wait_until(lambda: running(writer))
    assert floor.submit(BUY).result.trades
    proven(writer._engine)


def test_a_command_that_breaks_the_code_halts_and_leaves_no_trace(floor, writer):
    before = digest(writer.market)
    with pytest.raises(OutcomeUnknown):
        floor.submit(bid(quantity=5)._replace(line=None))
    wait_until(lambda: running(writer))
    assert digest(writer.market) == before
    assert floor.submit(BUY).result.trades
    proven(writer._engine)


def test_a_value_that_no_column_takes_halts_and_leaves_no_trace(floor, writer):
    with pytest.raises(OutcomeUnknown):
        floor.submit(bid()._replace(by="me"))
    wait_until(lambda: running(writer))
    assert count(writer._engine, orders) == 1
    assert floor.submit(BUY).result.trades
    proven(writer._engine)


@pytest.mark.parametrize("purpose", ["\ud800", "\x00", "数据"])
def test_odd_texts_are_refused_recorded_and_do_no_harm(floor, writer, purpose):
    command = c.PlaceOrder(CAT, CAT, line("buy", 9, 1, purpose=purpose))
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            floor.submit(command, key="odd")
        assert refused.value.code == "purpose_not_permitted"
    assert running(writer)
    proven(writer._engine)


def test_a_full_inbox_is_busy_and_says_when_to_come_back(floor, writer, monkeypatch):
    monkeypatch.setattr(module, "INBOX_MAX", 0)
    with pytest.raises(Busy) as refused:
        floor.submit(BUY)
    assert refused.value.retry_after_s >= 1
    monkeypatch.setattr(module, "INBOX_MAX", 1)
    assert floor.submit(BUY).result.trades


def test_closing_answers_what_is_queued_and_refuses_the_rest(sqlite_url):
    with trading(sqlite_url) as floor:
        writer = floor._door
        tickets = [Ticket(BUY, None) for _ in range(50)]
        for ticket in tickets:
            writer.enter(ticket)
        writer.close()
        assert all(ticket.wait().result.trades for ticket in tickets)
        with pytest.raises(ExchangeHalted):
            floor.submit(BUY)
        late = Ticket(BUY, None)
        writer._inbox.put(late)  # it had looked before the door was shut
        writer.close()
        with pytest.raises(ExchangeHalted):
            late.wait()


def test_a_halted_writer_closes_at_once(floor, writer):
    engine = store.connect(str(writer._engine.url))
    with engine.connect() as db:
        db.execute(text("ALTER TABLE trades RENAME TO mislaid"))
        db.commit()
    with pytest.raises(OutcomeUnknown):
        floor.submit(BUY)
    begun = time.monotonic()
    writer.close()
    assert time.monotonic() - begun < 5
    assert not any(
        thread.is_alive() for thread in (writer._thread, *writer._committer._threads)
    )
    engine.dispose()


def test_time_expires_orders_in_a_record_of_its_own(sqlite_url):
    clock = Clock()
    with trading(sqlite_url, now_us=clock) as floor:
        ends = clock.at_us + 5_000_000
        placed = floor.submit(bid(time_in_force="GTD", expires_us=ends)).result
        assert money(floor._reads, CAT, 1) == 9
        clock.at_us = ends
        wait_until(lambda: placed.order not in floor._door.market.orders)
        wait_until(lambda: money(floor._reads, CAT, 1) == 0)
        with floor._reads.connect() as db:
            *_, last = (journal.read(r.body) for r in journal.records(db))
        assert (last.kind, last.at_us, last.outcome) == (
            "Tick",
            ends,
            ["applied", [1, 0]],
        )
        proven(floor._reads)


def test_what_is_over_is_expired_before_the_next_command_sees_it(sqlite_url):
    clock = Clock()
    with trading(sqlite_url, now_us=clock) as floor:
        ends = clock.at_us + 5_000_000
        floor.submit(bid(quantity=5, time_in_force="GTD", expires_us=ends))
        clock.at_us = ends
        sold = c.PlaceOrder(1, 1, line("sell", 9, 5, time_in_force="IOC"))
        assert floor.submit(sold).result.trades == ()
        proven(floor._reads)


def test_a_right_ends_by_time_even_over_a_restart(sqlite_url):
    clock = Clock()
    with trading(sqlite_url, now_us=clock) as floor:
        floor.submit(
            c.ListInstrument(
                901, 1_001, "SHORT", 1, 1, 1, 1, "{}", (), 7_000_000, None,
                transferable=False,
            )
        )  # fmt: skip
        number = floor.submit(c.GrantRight(901, CAT, 1_001, 1, "analysis")).result
        delivery = c.Deliver(CAT, CAT, number, 1, "ab" * 32, 5)
        floor.submit(delivery)
    clock.at_us += 8_000_000
    with trading(sqlite_url, now_us=clock) as floor:
        with pytest.raises(Refusal):
            floor.submit(delivery)
        assert count(floor._reads, s.receipts) == 1
        proven(floor._reads)


def test_a_clock_that_is_set_back_does_not_turn_the_journal_back(sqlite_url):
    clock = Clock(5_000_000)
    with trading(sqlite_url, now_us=clock) as floor:
        last = floor.submit(BUY).at_us
        clock.at_us = 1
        assert floor.submit(BUY).at_us == last
    with trading(sqlite_url, now_us=clock) as floor:
        assert floor.submit(BUY).at_us == last
        proven(floor._reads)


def test_keys_that_left_memory_are_known_by_the_records(floor, writer, monkeypatch):
    monkeypatch.setattr(module, "KEYS_MAX", 2)
    first = floor.submit(BUY, key="k0")
    for number in range(1, 6):
        floor.submit(BUY, key=f"k{number}")
    assert len(writer._keys) == 2
    assert floor.submit(BUY, key="k0") == first
    assert count(writer._engine, s.trades) == 6


def test_a_key_seen_by_two_writers_takes_effect_once(sqlite_url):
    """The asker looked before the first writer's commit and asks the second one."""
    with trading(sqlite_url) as floor:
        done = floor.submit(BUY, key="k")
    with trading(sqlite_url) as floor:
        ticket = Ticket(BUY, "k")
        floor._door.enter(ticket)
        assert ticket.wait() is None
        assert floor.submit(BUY, key="k") == done
        assert count(floor._reads, s.trades) == 1


def test_a_restart_gives_the_next_numbers(sqlite_url):
    with trading(sqlite_url) as floor:
        first = floor.submit(bid())
    with trading(sqlite_url) as floor:
        second = floor.submit(bid())
    assert second.seq == first.seq + 1
    assert second.result.order == first.result.order + 1


def test_two_exchanges_never_share_a_database(floor, writer):
    with pytest.raises(Refusal) as refused:
        Exchange(writer._engine)
    assert refused.value.code == "writer_elsewhere"


def test_one_thread_keeps_many_commands_under_way(floor):
    answered = queue.SimpleQueue()
    wanted = c.PlaceOrder(CAT, CAT, line("buy", 1, 1))
    begun = [floor.begin(wanted, f"k{i}", answered.put) for i in range(20)]
    told = [answered.get(timeout=10) for _ in begun]
    assert set(told) == set(begun)
    first = [floor.outcome(ticket) for ticket in begun]
    assert len({outcome.seq for outcome in first}) == 20
    again = floor.begin(wanted, "k0", answered.put)
    assert answered.get(timeout=10) is again
    assert floor.outcome(again) == first[0]
    with pytest.raises(KeyReuse):
        floor.outcome(floor.begin(wanted._replace(line=line("buy", 2, 1)), "k0"))
