"""The lease: one holder, a new epoch for each, and a fence against the late."""

import threading

import pytest

from marketplace.trading.exchange import Exchange
from marketplace.trading.lease import (
    FencedOff,
    Lease,
    WriterElsewhere,
    move_on,
    must_be_ours,
)
from settlement import store
from settlement.journal import GENESIS, Chain
from settlement.script import Script
from settlement.tables import writer
from tests.floor import opened


def moved(db, before, chain):
    """Return how many rows the statement at the head of a script moved."""
    script = Script(db.dialect.name)
    move_on(script, before, chain)
    (rows,) = script.send(db)
    return rows


@pytest.fixture
def engine(database_url):
    """A write engine on an empty database."""
    engine = opened(database_url)
    yield engine
    engine.dispose()


def test_the_first_holder_begins_the_journal(engine):
    with Lease(engine) as lease:
        chain = lease.acquire("inline:")
        assert (chain.seq, chain.head, chain.epoch) == (0, GENESIS, 1)


def test_each_holder_has_the_next_epoch_and_goes_on_where_the_last_one_was(engine):
    with Lease(engine) as lease:
        lease.acquire("inline:")
        with engine.begin() as db:
            assert moved(db, 0, Chain(7, b"7" * 32, 1)) == 1
    with Lease(engine) as lease:
        chain = lease.acquire("unix:/x")
        assert (chain.seq, chain.head, chain.epoch) == (7, b"7" * 32, 2)
    with engine.connect() as db:
        assert db.execute(writer.select()).one().address == "unix:/x"


def test_a_second_holder_is_turned_away_and_no_epoch_is_lost(engine):
    other = store.connect(engine.url.render_as_string(hide_password=False), write=True)
    with Lease(engine) as lease:
        lease.acquire("inline:")
        with pytest.raises(WriterElsewhere):
            Lease(other).acquire("inline:")
    with Lease(other) as lease:
        assert lease.acquire("inline:").epoch == 2
    other.dispose()


def test_a_standby_waits_and_takes_over(engine):
    taken = []

    def wait():
        with Lease(engine) as standby:
            taken.append(standby.acquire("standby", wait=True).epoch)

    with Lease(engine) as lease:
        lease.acquire("inline:")
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(timeout=0.5)
        assert taken == []
    thread.join(timeout=10)
    assert taken == [2]


@pytest.mark.parametrize(
    ("before", "epoch", "rows"), [(0, 1, 1), (0, 2, 0), (0, 0, 0), (3, 1, 0)]
)
def test_the_row_moves_only_for_its_epoch_and_from_its_place(
    engine, before, epoch, rows
):
    with Lease(engine) as lease:
        lease.acquire("inline:")
        with engine.begin() as db:
            assert moved(db, before, Chain(9, GENESIS, epoch)) == rows


@pytest.mark.parametrize("counts", [[0], [0, 7], [2, 1]])
def test_a_script_that_did_not_move_the_row_is_fenced_off(counts):
    must_be_ours([1, 7])
    with pytest.raises(FencedOff):
        must_be_ours(counts)


def test_an_exchange_waits_as_a_standby(engine):
    first, standby = Exchange(engine), []
    other = store.connect(engine.url.render_as_string(hide_password=False), write=True)
    thread = threading.Thread(
        target=lambda: standby.append(Exchange(other, wait=True)), daemon=True
    )
    thread.start()
    thread.join(timeout=0.5)
    assert standby == []
    first.close()
    thread.join(timeout=10)
    assert standby[0].status().epoch == 2
    standby[0].close()
    other.dispose()
