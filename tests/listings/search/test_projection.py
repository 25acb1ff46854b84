"""The projection: the index follows the changes through crashes and failures."""

import json
import logging
from time import sleep

import pytest
from sqlalchemy import Connection, Engine, text

from listings.search.entry import Entry
from listings.search.index import open_index
from listings.search.projection import BATCH_MAX, Change, Projection
from listings.search.query import Query
from settlement import clock, store

VISIBLE_S = 1.0


@pytest.fixture
def engine(sqlite_url: str):
    engine = store.connect(sqlite_url, write=True)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE changes (position INTEGER PRIMARY KEY, facts)"))
    yield engine
    engine.dispose()


@pytest.fixture
def url(tmp_path):
    return f"whoosh:{tmp_path / 'index'}"


@pytest.fixture
def index(url):
    return open_index(url)


@pytest.fixture
def projection(engine, index):
    projection = Projection(engine, index, read_changes)
    yield projection
    projection.stop()


def record(engine: Engine, product_id: int, title: str | None) -> None:
    """Commit one change: the product's new title, or that it is gone."""
    with engine.begin() as db:
        db.execute(
            text("INSERT INTO changes (facts) VALUES (:facts)"),
            {"facts": json.dumps([product_id, title])},
        )


def read_changes(db: Connection, position: int, limit: int) -> list[Change]:
    rows = db.execute(
        text("SELECT * FROM changes WHERE position > :p ORDER BY position LIMIT :n"),
        {"p": position, "n": limit},
    )
    changes = []
    for at, facts in rows:
        id_, title = json.loads(facts)
        entry = None if title is None else Entry(id_, title, title, at)
        changes.append(Change(at, id_, entry))
    return changes


def seconds_until_found(index, text, total):
    began_s = clock.elapsed_s()
    while index.search(Query(text)).total != total:
        assert clock.elapsed_s() - began_s < 10, f"{text} never reached {total}"
        sleep(0.01)
    return clock.elapsed_s() - began_s


def test_changes_reach_the_index_in_order(engine, index, projection):
    for id_, title in [(1, "one"), (2, "two"), (1, "three"), (2, None)]:
        record(engine, id_, title)
    assert projection.catch_up() == 4
    assert index.position == 4
    assert [hit.id for hit in index.search(Query("three")).hits] == [1]
    assert index.count() == 1


def test_without_changes_nothing_is_written(engine, index, projection):
    record(engine, 1, "one")
    projection.catch_up()
    before = sorted(index.directory.iterdir())
    assert projection.catch_up() == 0
    assert sorted(index.directory.iterdir()) == before


def test_more_than_a_batch_is_applied_in_batches(engine, index, projection):
    with engine.begin() as db:
        db.execute(
            text("INSERT INTO changes (facts) VALUES (:facts)"),
            [{"facts": json.dumps([n, "many"])} for n in range(1, BATCH_MAX + 8)],
        )
    assert projection.step() == BATCH_MAX
    assert projection.step() == 7
    assert projection.step() == 0
    assert index.search(Query("many")).total == BATCH_MAX + 7


def test_a_restart_continues_where_the_index_stands(engine, index, url, projection):
    record(engine, 1, "one")
    projection.catch_up()
    record(engine, 2, "two")
    again = open_index(url)
    asked = []

    def watched(db, position, limit):
        asked.append(position)
        return read_changes(db, position, limit)

    assert Projection(engine, again, watched).catch_up() == 1
    assert asked == [1, 2]
    assert again.count() == 2


def test_a_change_is_visible_within_a_second_of_its_commit(engine, index, projection):
    projection.start()
    for number in range(1, 4):
        record(engine, number, "fresh")
        assert seconds_until_found(index, "fresh", number) < VISIBLE_S


def test_waking_the_projection_spares_the_wait(engine, index, monkeypatch):
    monkeypatch.setattr("listings.search.projection.POLL_S", 60.0)
    projection = Projection(engine, index, read_changes)
    projection.start()
    record(engine, 1, "fresh")
    projection.wake()
    assert seconds_until_found(index, "fresh", 1) < VISIBLE_S
    projection.stop()


def test_two_projections_of_one_index_agree(engine, index, url):
    others = [Projection(engine, open_index(url), read_changes) for _ in range(2)]
    for projection in others:
        projection.start()
    for number in range(1, 30):
        record(engine, number % 5 + 1, f"turn {number}")
    seconds_until_found(index, '"turn 29"', 1)
    for projection in others:
        projection.stop()
    assert index.count() == 5
    assert index.position == 29


def test_after_a_failure_it_follows_again(engine, index, monkeypatch, caplog):
    monkeypatch.setattr("listings.search.projection.REST_S", 0.05)
    answers = iter([OSError("the disk is gone"), OSError("still gone")])

    def failing(db, position, limit):
        if failure := next(answers, None):
            raise failure
        return read_changes(db, position, limit)

    projection = Projection(engine, index, failing)
    record(engine, 1, "late")
    with caplog.at_level(logging.ERROR):
        projection.start()
        seconds_until_found(index, "late", 1)
    projection.stop()
    assert "does not follow" in caplog.text


def test_stopping_before_starting_is_allowed(engine, index):
    Projection(engine, index, read_changes).stop()


def test_remaking_shows_the_newest_of_each_and_remembers_where_it_stands(
    engine, index, projection
):
    index.apply([Entry(99, "", "left over", 0)], position=50)
    for product_id, title in ((1, "old"), (2, "gone"), (1, "new"), (2, None)):
        record(engine, product_id, title)
    assert projection.remake() == 1
    assert [hit.id for hit in index.search(Query("new")).hits] == [1]
    assert index.search(Query("old")).total == 0
    assert index.position == 4
    assert projection.catch_up() == 0
