"""A month as it was published: vintages, what a revision may tell, and reproduction."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, delete, select, update

from marketplace.schema import metadata
from settlement import clock, store
from settlement.errors import IllegalMove, OwnWork
from settlement.statistics import disclosure, publications, tape, vintages
from settlement.statistics.corrections import correct
from settlement.statistics.disclosure import FAMILY
from settlement.statistics.publications import (
    AlreadyProposed,
    Made,
    ReasonNeeded,
    Shelf,
    Withdrawn,
)
from settlement.statistics.questions import Figures, question
from settlement.statistics.reproduction import reproduce
from settlement.statistics.revisions import Changes
from settlement.statistics.schedule import Cut, coming, cuts, due
from settlement.statistics.tables import corrections, figures, queries
from settlement.statistics.tables import publications as table
from settlement.statistics.views import Snapshot
from settlement.tables import journal, trades
from tests.settlement.statistics.conftest import (
    describe,
    trade_rows,
    write_tape,
)
from tests.settlement.statistics.test_disclosure import determined, lines

EARLY, TWENTIETH = Cut(date(2026, 1, 2)), Cut(date(2026, 1, 20))
LATE, WHOLE = Cut(date(2026, 1, 3)), Cut(date(2026, 1, 31))
ONE, OTHER = 8, 9


class Market(NamedTuple):
    """A tape, its records, and where publications are kept."""

    engine: Engine
    shelf: Shelf


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("publications")
    engine = store.connect(f"sqlite:///{folder / 'trades.db'}", write=True)
    metadata.create_all(
        engine, tables=[trades, journal, corrections, table, figures, queries]
    )
    with engine.begin() as db:
        db.execute(trades.insert(), trade_rows(300))
    there = write_tape(engine, folder / "tape")
    kept = folder / "kept"
    (kept / "same").mkdir(parents=True)
    for file in there.glob("*.parquet"):
        (kept / "same" / file.name).write_bytes(file.read_bytes())
    yield Market(engine, Shelf(there, kept))
    engine.dispose()


@pytest.fixture(autouse=True)
def _clean(market: Market) -> Iterator[None]:
    yield
    with market.engine.begin() as db:
        for one in (figures, table, queries):
            db.execute(delete(one))


def until(market: Market, cut: Cut, correction: int = 0, but: int = 0) -> Snapshot:
    """Return the last command before the end of a cut, or that before *but* trades."""
    with market.engine.connect() as db:
        mine = select(trades.c.seq).where(trades.c.at_us < cut.ends_us)
        seq = db.scalar(mine.order_by(trades.c.id.desc()).offset(but))
    return Snapshot(seq or 0, correction)


def made(market: Market, cut: Cut, correction: int = 0) -> Made:
    """Compute a vintage after those that were published."""
    snapshot = until(market, cut, correction)
    with market.engine.connect() as db:
        earlier = [
            market.shelf.moment(row) for row in publications.earlier(db, cut.period)
        ]
    moment = market.shelf.of(cut, snapshot, "same")
    found = vintages.compiled(moment, earlier)
    return Made(cut, snapshot, "ab" * 32, "same", found, cut.release_us)


def publish(market: Market, ready: Made, reason: str = "") -> int:
    at_us = ready.release_us - 1
    with market.engine.begin() as db:
        number = publications.propose(db, ready, reason, ONE, at_us)
        publications.decide(db, number, OTHER, at_us, approve=True)
    return number


def test_two_persons_publish_and_the_embargo_holds(market: Market) -> None:
    ready = made(market, EARLY)
    before_us, after_us = ready.release_us - 1, ready.release_us
    with market.engine.begin() as db:
        number = publications.propose(db, ready, "", ONE, before_us)
        with pytest.raises(AlreadyProposed):
            publications.propose(db, ready, "", OTHER, before_us)
        with pytest.raises(OwnWork):
            publications.decide(db, number, ONE, before_us, approve=True)
        assert publications.in_force(db, after_us) == []
        publications.decide(db, number, OTHER, before_us, approve=True)
        assert publications.in_force(db, before_us) == []
        assert [row.id for row in publications.in_force(db, after_us)] == [number]
        with pytest.raises(IllegalMove):
            publications.decide(db, number, OTHER, before_us, approve=False)


def test_a_decision_that_comes_second_changes_nothing(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two look at the same moment; PostgreSQL lets both go on from there."""
    ready = made(market, EARLY)
    at_us = ready.release_us - 1
    with market.engine.begin() as db:
        number = publications.propose(db, ready, "", ONE, at_us)
        stale = publications.get(db, number)
        publications.decide(db, number, OTHER, at_us, approve=True)
        present, seen = publications.get, []

        def get(db: Connection, number: int) -> Any:
            seen.append(number)
            return stale if len(seen) == 1 else present(db, number)

        monkeypatch.setattr(publications, "get", get)
        with pytest.raises(IllegalMove):
            publications.decide(db, number, ONE, at_us, approve=False)
        monkeypatch.undo()
        assert publications.get(db, number).decided_by == OTHER


def test_a_revision_needs_a_reason_and_takes_the_place_of_the_first(
    market: Market,
) -> None:
    first = publish(market, made(market, EARLY))
    ready = made(market, TWENTIETH)
    with pytest.raises(ReasonNeeded), market.engine.begin() as db:
        publications.propose(db, ready, " ", ONE, 1)
    second = publish(market, ready, "Ten days more.")
    with market.engine.connect() as db:
        in_force = publications.in_force(db, TWENTIETH.release_us)
        assert [(row.id, row.vintage) for row in in_force] == [(second, 2)]
        known = {row.id for row in publications.released(db, TWENTIETH.release_us)}
        assert known == {first, second}


def test_what_is_withdrawn_is_gone_and_says_why(market: Market) -> None:
    publish(market, made(market, EARLY))
    second = publish(market, made(market, TWENTIETH), "Ten days more.")
    now_us = TWENTIETH.release_us
    with market.engine.begin() as db:
        with pytest.raises(ReasonNeeded):
            publications.withdraw(db, second, "", ONE, now_us)
        publications.withdraw(db, second, "Wrong classes.", ONE, now_us)
        assert publications.in_force(db, now_us) == []
        with pytest.raises(Withdrawn) as gone:
            publications.shown(db, second, now_us)
        assert gone.value.reason == "Wrong classes."
        assert publications.seen(db, second, now_us).state == "withdrawn"


def test_a_publication_comes_out_the_same_though_the_tape_went_on(
    market: Market,
) -> None:
    first = publish(market, made(market, EARLY))
    second = publish(market, made(market, TWENTIETH), "Ten days more.")
    with market.engine.connect() as db:
        for number in (first, second):
            found = reproduce(db, market.shelf, number)
            assert found.is_same
            assert len(found.tables) == len(publications.tables_of(db, number)) > 30
        only = publications.tables_of(db, second)[5]
        (one,) = reproduce(db, market.shelf, second, only.id).tables
        assert (one.question, one.by, one.is_same) == (only.question, only.by, True)


@pytest.mark.parametrize("what", ["rows", "columns", "sha256", "seq", "gone"])
def test_reproduction_finds_what_was_changed_afterwards(
    market: Market, what: str
) -> None:
    number = publish(market, made(market, EARLY))
    with market.engine.begin() as db:
        tables = publications.tables_of(db, number)
        one = next(t for t in tables if t.question == "s06_trades" and not t.by)
        mine = figures.c.id == one.id
        if what == "rows":
            rows = json.loads(one.rows)
            rows[0][2] = (rows[0][2] or 0) + 1
            db.execute(update(figures).where(mine).values(rows=json.dumps(rows)))
        elif what == "columns":
            db.execute(update(figures).where(mine).values(columns='["x"]'))
        elif what == "sha256":
            db.execute(update(figures).where(mine).values(sha256="0" * 64))
        elif what == "seq":
            db.execute(update(table).values(seq=5))
        else:
            db.execute(delete(figures).where(mine))
        assert not reproduce(db, market.shelf, number).is_same


def test_an_old_text_of_a_question_still_reproduces(market: Market) -> None:
    number = publish(market, made(market, EARLY))
    with market.engine.begin() as db:
        asked = publications.text(db, question("s05_turnover").sha256, "s05_turnover")
        assert asked == question("s05_turnover")
        assert reproduce(db, market.shelf, number).is_same


def behind(moment: vintages.Moment, family: Any) -> dict:
    opened = moment.opened()
    found = {
        (by, key): cell
        for by in family
        for key, cell in disclosure.cells(opened, by, {}).items()
    }
    opened.close()
    return found


@pytest.mark.parametrize(("first", "second"), [(LATE, WHOLE), (EARLY, EARLY)])
def test_an_attacker_with_two_vintages_learns_of_no_small_change(
    market: Market, first: Cut, second: Cut, tmp_path: Path
) -> None:
    """By all sums of both vintages and the differences between them.

    The second one has a few trades more, or the same days with four trades less.
    """
    shelf = market.shelf
    before = shelf.of(first, until(market, first, but=8), "same")
    if second is first:
        shelf = Shelf(tmp_path, market.shelf.kept)
        with market.engine.begin() as db:
            mine = trades.c.at_us < EARLY.ends_us
            some = db.scalars(select(trades.c.id).where(mine).order_by(-trades.c.id))
            for number in list(some)[:24:6]:
                correct(db, number, "exclude", "busted", ONE)
            tape.rebuild(db, tmp_path, describe)
            db.execute(delete(corrections))
    now = shelf.of(second, until(market, second, 4), "same")
    family = FAMILY if second.is_final else vintages.COARSE
    opened, old = now.opened(), before.opened()
    changes = Changes(opened, "2026-01")
    changes.since(before.opened(), vintages.COARSE)
    hidden = {
        "now": {
            (by, key)
            for by, keys in disclosure.Hidden(
                opened, family, changes.few
            ).tables.items()
            for key in keys
        },
        "old": {
            (by, key)
            for by, keys in disclosure.Hidden(old, vintages.COARSE).tables.items()
            for key in keys
        },
    }
    told = {"now": behind(now, family), "old": behind(before, vintages.COARSE)}
    few = {("less", (by, key)) for by in vintages.COARSE for key in changes.few(by)}
    opened.close(), old.close()
    equations = [
        {((vintage, cell), sign) for cell, sign in equation}
        for vintage, cells in told.items()
        for equation in lines(list(disclosure.tables(cells)))
    ]
    for by in vintages.COARSE:
        for known, key in told["now"].keys() | told["old"].keys():
            if known == by:
                cell = (by, key)
                equations.append(
                    {(("now", cell), 1), (("old", cell), -1), (("less", cell), -1)}
                )
    unknown = {(vintage, cell) for vintage, cells in hidden.items() for cell in cells}
    unknown |= {("less", cell) for cell in told["now"].keys() | told["old"].keys()}
    assert few
    assert not determined(equations, unknown) & few
    # Had the revision not been looked at, some would be known.
    naive = {("now", c) for c in told["now"] if told["now"][c].is_small}
    naive |= {one for one in unknown if one[0] != "now"}
    assert determined(equations, naive) & few


def test_growth_is_of_published_months_that_are_over() -> None:
    asked = question("s05_turnover")
    rows = [
        ("2025-02", "CNY", 50, 1),
        ("2026-01", "CNY", 0, 1),
        ("2026-02", "CNY", 100, 1),
        ("2026-03", "CNY", None, None),
        ("2026-04", "CNY", 80, 1),
        ("2026-05", "CNY", 5, 1),
    ]
    columns = ("period", "currency", "turnover", "settled")
    found = Figures(asked, (), {}, columns, rows, 0, 0)
    whole = {row[0] for row in rows} - {"2026-05"}
    grown = vintages.growth(found, question("s10_growth"), whole)
    assert grown.columns == (
        *("period", "currency", "turnover", "month_on_month", "year_on_year"),
    )
    assert {row[0]: row[3:] for row in grown.rows} == {
        "2025-02": (None, None),
        "2026-01": (None, None),
        "2026-02": (None, 1.0),
        "2026-03": (None, None),
        "2026-04": (None, None),
    }


def test_the_calendar_has_three_releases_a_month_on_the_fifth_day_after() -> None:
    found = list(cuts(date(2026, 2, 1), date(2026, 2, 28)))
    assert [cut.last_day.day for cut in found] == [10, 20, 28]
    assert [cut.is_final for cut in found] == [False, False, True]
    when = clock.moment(found[-1].release_us)
    assert f"{when:%Y-%m-%d %H:%M}" == "2026-03-05 02:00"  # ten in Beijing
    now_us = found[1].release_us
    assert coming(now_us - 1)[0] == found[1]
    assert coming(now_us)[0] == found[2]
    assert due(found[1].ends_us)[0] == found[1]
    assert due(found[1].ends_us - 1)[0] == found[0]
