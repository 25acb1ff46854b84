"""Batches are committed in order and seen in order, whatever gets ready first."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from marketplace.trading.commands import Tick
from marketplace.trading.committing import LANES, Batch, Committer
from marketplace.trading.lease import Lease, move_on
from marketplace.trading.ticket import Outcome, Ticket
from settlement import store
from settlement.errors import ExchangeHalted, OutcomeUnknown
from settlement.journal import Chain
from settlement.script import Script
from settlement.tables import terms
from tests.floor import wait_until


class Slow(Script):
    """A script that stops between what it adds and what it changes."""

    def __init__(self, dialect: str, *, breaks: bool = False) -> None:
        super().__init__(dialect)
        self.added, self.goes_on, self.breaks = (
            threading.Event(),
            threading.Event(),
            breaks,
        )

    def add(self, db):
        """Say that the rows are added."""
        super().add(db)
        self.added.set()

    def change(self, db):
        """Wait for the test, then do it or break."""
        assert self.goes_on.wait(20)
        if self.breaks:
            raise OSError("the line to the database broke")
        return super().change(db)


class Yard:
    """A committer, and batches of one row each."""

    def __init__(self, engine) -> None:
        self.engine, self.failed = engine, threading.Event()
        self.lease = Lease(engine)
        self.end = self.lease.acquire("inline:")
        self.committer = Committer(engine, self.failed)
        self.committer.open()

    def send(self, **how) -> tuple[Slow, Ticket]:
        """Hand a batch on."""
        before, script = self.end.seq, Slow(self.engine.dialect.name, **how)
        self.end = Chain(before + 1, b"x", self.end.epoch)
        move_on(script, before, self.end)
        script.insert(terms, [(self.end.seq, f"sha {self.end.seq}", "{}")])
        ticket = Ticket(Tick(), None)
        assert self.committer.take_place(wait=False)
        answers = [(ticket, Outcome(self.end.seq, 0, None))]
        self.committer.hand_on(Batch(before, script, answers))
        return script, ticket

    def close(self) -> None:
        """Stop."""
        self.committer.close(20)
        self.lease.release()


@pytest.fixture
def yard(engine) -> Iterator[Yard]:
    """A yard at an empty journal."""
    yard = Yard(engine)
    yield yard
    yard.close()


@pytest.fixture
def reads(database_url):
    """An engine that does not write."""
    engine = store.connect(database_url)
    yield engine
    engine.dispose()


def test_a_batch_is_neither_answered_nor_seen_before_the_one_before_it(yard, reads):
    first, one = yard.send()
    second, two = yard.send()
    second.goes_on.set()
    lanes = LANES[yard.engine.dialect.name]
    for script in (first, second)[:lanes]:
        assert script.added.wait(20)  # with two lanes both are under way
    assert not yard.committer.idle
    with reads.connect() as db:
        assert db.execute(select(terms.c.id)).all() == []
    assert (one.answer, two.answer) == (None, None)
    first.goes_on.set()
    assert (one.wait().seq, two.wait().seq) == (1, 2)
    wait_until(lambda: yard.committer.idle)
    with reads.connect() as db:
        assert sorted(db.execute(select(terms.c.id)).scalars()) == [1, 2]


def test_what_hangs_on_a_batch_that_fails_is_never_committed(yard, reads):
    first, one = yard.send(breaks=True)
    second, two = yard.send()
    second.goes_on.set()
    first.goes_on.set()
    with pytest.raises(OutcomeUnknown):
        one.wait()
    with pytest.raises(ExchangeHalted):
        two.wait()
    wait_until(lambda: yard.committer.idle)
    assert yard.failed.is_set()
    with reads.connect() as db:
        assert db.execute(select(terms.c.id)).all() == []


def test_a_batch_of_another_epoch_is_fenced_off_and_leaves_nothing(yard, reads):
    yard.end = Chain(yard.end.seq, yard.end.head, yard.end.epoch + 1)
    script, ticket = yard.send()
    script.goes_on.set()
    with pytest.raises(OutcomeUnknown):
        ticket.wait()
    assert yard.committer.fenced.is_set()
    with reads.connect() as db:
        assert db.execute(select(terms.c.id)).all() == []


def test_no_more_than_a_few_batches_are_under_way(yard):
    places = LANES[yard.engine.dialect.name] + 1
    scripts = [yard.send()[0] for _ in range(places)]
    assert not yard.committer.take_place(wait=False)
    for script in scripts:
        script.goes_on.set()
    wait_until(lambda: yard.committer.take_place(wait=False))
    yard.committer.give_up()
