"""The feed's thread over real sockets: order, limits, slow and lost readers."""

import json
import socket
from threading import Event

import pytest
from sqlalchemy import select

from marketplace.streams import feed as feeds
from marketplace.streams.channels import Channel, Position, Seen
from marketplace.streams.feed import Feed, TooManyStreams
from marketplace.streams.lines import WAITING_MAX
from marketplace.trading.tables import prints
from settlement.errors import NotFound
from settlement.store import connect, metadata
from settlement.tables import writer

WAIT_S = 20.0  # on a busy machine


class Clocks:
    """A place that shows a number; each look tells it if it has changed."""

    def __init__(self):
        self.shown = {1: 0, 2: 0}
        self.looked = Event()

    def look(self, db, known):
        seq = db.scalar(select(writer.c.seq))
        self.looked.set()
        return {n: Seen(Position(seq), self.shown[n]) for n in known if n in self.shown}

    def snapshot(self, seen):
        return {"now": seen.state}

    def change(self, before, after):
        return {"now": after.state} if before.state != after.state else {}


@pytest.fixture
def engine(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}", write=True)
    metadata.create_all(engine, [writer, prints])
    with engine.begin() as db:
        row = {"id": 1, "epoch": 1, "seq": 1, "head": b"", "address": ""}
        db.execute(writer.insert().values(row))
    yield engine
    engine.dispose()


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def feed(engine, clocks):
    feed = Feed(engine)
    yield feed
    feed.close()


def moved(engine, clocks, number, shown):
    """Let a place show something else, at the next position."""
    clocks.shown[number] = shown
    with engine.begin() as db:
        db.execute(writer.update().values(seq=writer.c.seq + 1))


@pytest.fixture
def opened(feed, clocks):
    """Opens a stream; returns the reader's end of its socket."""
    readers = []

    def opened(number=1, asked=None, feed=feed, on_end=None):
        ours, theirs = socket.socketpair()
        theirs.settimeout(WAIT_S)
        asked = asked or feed.ask(clocks, number, "7", None, on_end)
        feed.adopt(asked, ours, chunked=False)
        readers.append(theirs)
        return theirs

    yield opened
    for reader in readers:
        reader.close()


def told(reader, many):
    """Read *many* events; return (kind, data) of each."""
    text = b""
    while text.count(b"data: ") < many or not text.endswith(b"\n\n"):
        piece = reader.recv(65536)
        assert piece, text
        text += piece
    blocks = [b for b in text.decode().split("\n\n") if "data: " in b]
    found = []
    for block in blocks:
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_every_reader_is_told_in_order_what_happens_where_it_looks(
    feed, engine, clocks, opened
):
    readers = [opened(), opened(), opened(2)]
    firsts = [told(reader, 1)[0] for reader in readers]
    assert [kind for kind, _ in firsts] == ["snapshot"] * 3
    moved(engine, clocks, 1, 8)
    changes = [told(reader, 1)[0] for reader in readers[:2]]
    assert [data["now"] for _, data in changes] == [8, 8]
    moved(engine, clocks, 2, 9)
    ((kind, data),) = told(readers[2], 1)
    assert (kind, data["now"], data["previous"]) == ("change", 9, "1.0")


def test_what_happens_between_asking_and_opening_is_not_lost(
    feed, engine, clocks, opened
):
    told(opened(), 1)
    asked = feed.ask(clocks, 1, "7", Position(1), None)
    moved(engine, clocks, 1, 5)
    feed.step()
    ((_, data),) = told(opened(asked=asked), 1)
    assert data["now"] == 5


def test_a_reader_that_hangs_up_gives_its_place_back_and_is_noted(feed, clocks, opened):
    ended = Event()
    reader = opened(on_end=ended.set)
    told(reader, 1)
    assert feed.held == {"7": 1}
    reader.close()
    assert ended.wait(WAIT_S)
    assert not feed.held


def test_a_slow_reader_is_dropped_by_name_and_delays_nobody(
    feed, engine, clocks, monkeypatch, opened
):
    monkeypatch.setattr(feeds, "FAREWELL_S", WAIT_S)
    slow, quick = opened(), opened()
    told(quick, 1)
    long = "x" * (WAITING_MAX // 2)
    for number in range(8):
        moved(engine, clocks, 1, f"{number}{long}")
        assert told(quick, 1)[0][1]["now"].startswith(str(number))
    text = b""
    while piece := slow.recv(1 << 20):
        text += piece
    *_, last = text.decode().strip().split("\n\n")
    assert last.splitlines() == ["event: end", 'data: {"reason":"slow_consumer"}']
    assert text.decode().count("event: change") < 8


def test_streams_end_by_name_when_the_exchange_stops(engine, clocks, opened):
    feed = Feed(engine)
    reader = opened(feed=feed)
    told(reader, 1)
    feed.close()
    ((kind, data),) = told(reader, 1)
    assert (kind, data) == ("end", {"reason": "stopping"})
    assert reader.recv(10) == b""


def test_a_stream_lasts_until_who_may_see_is_asked_anew(
    feed, clocks, monkeypatch, opened
):
    monkeypatch.setattr(feeds, "STREAM_S", 0.0)
    kinds = [kind for kind, _ in told(opened(), 2)]
    assert kinds == ["snapshot", "end"]


def test_one_member_and_all_together_have_limits(feed, clocks, monkeypatch):
    monkeypatch.setattr(feeds, "STREAMS_EACH_MAX", 2)
    monkeypatch.setattr(feeds, "STREAMS_MAX", 3)
    for holder in ("7", "7", "8"):
        feed.ask(clocks, 1, holder, None)
    with pytest.raises(TooManyStreams) as refused:
        feed.ask(clocks, 1, "9", None)
    assert refused.value.everybody
    monkeypatch.setattr(feeds, "STREAMS_MAX", 9)
    with pytest.raises(TooManyStreams) as refused:
        feed.ask(clocks, 1, "7", None)
    assert not refused.value.everybody
    with pytest.raises(NotFound):
        feed.ask(clocks, 99, "8", None)
    assert feed.held == {"7": 2, "8": 1}


def test_a_channel_repeats_what_it_keeps_and_no_more(clocks):
    channel = Channel(clocks, 1, Seen(Position(1), 0))
    for seq in range(2, 300):
        channel.advance(Seen(Position(seq), seq))
    assert channel.since(Position(299)) == b""
    assert channel.since(Position(290)).count(b"event: change") == 9
    assert channel.since(Position(43)).count(b"event: change") == 256
    assert channel.since(Position(42)).startswith(b"id: 299.0\nevent: snapshot")
    assert not channel.advance(Seen(Position(400), 299))
    assert channel.since(Position(299)) == b""


def test_a_position_is_read_back_as_it_is_written():
    assert Position.read(str(Position(12, 7))) == Position(12, 7)
    for text in ("", "1", "1.", ".1", "1.-1", "１.2", "1.2.3"):
        assert Position.read(text) is None
