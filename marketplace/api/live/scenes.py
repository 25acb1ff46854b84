"""What the public sees of an instrument: book, best prices, phase, call, contests."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from marketplace.api.market import PrintSchema
from marketplace.api.phases import IndicativeSchema
from marketplace.streams.channels import Parts, Position, Seen
from marketplace.trading import board, reads, watching
from marketplace.trading.book import Level
from marketplace.trading.reads import Levels
from settlement.ids import encode

TRADES_SHOWN = 20  # in a snapshot
PRINTS = PrintSchema(many=True)
INDICATIVE = IndicativeSchema()
SIDES = ("bids", "offers")

Side = dict[int, Level]


class Scene(NamedTuple):
    """An instrument at one moment."""

    bids: Side
    offers: Side
    facts: Parts  # best, phase, indicative, contests: told whole when they change
    trades: list[Parts]  # the last TRADES_SHOWN of the tape, newest first


class Scenes:
    """Watches instruments, for everybody alike."""

    def look(self, db: Connection, known: Mapping[int, Seen | None]) -> dict[int, Seen]:
        """Look at instruments; all that is told is of one position."""
        seq = watching.freeze(db)
        rows = reads.books_of(db, known.keys())
        depths = watching.depths(db, rows.keys())
        boards, halted = board.boards(db, rows), watching.halted(db, rows.keys())
        contests: dict[int, list[Parts]] = {number: [] for number in rows}
        for standing in watching.standings(db, rows.keys()):
            contests[standing.instrument].append(_standing(standing))
        prints, tape = self._prints(db, known)
        found = {}
        for number in rows:
            facts = {
                "best": _best(depths[number]),
                "phase": _phase(boards[number], halted=number in halted),
                "indicative": _indicative(boards[number]),
                "contests": contests[number],
            }
            position, before = Position(seq, tape), known[number]
            told = PRINTS.dump(prints[number])
            trades = before.state.trades if before else []
            bids, offers = ({at.price: at for at in side} for side in depths[number])
            state = Scene(bids, offers, facts, (told[::-1] + trades)[:TRADES_SHOWN])
            found[number] = Seen(position, state, told)
        return found

    def _prints(
        self, db: Connection, known: Mapping[int, Seen | None]
    ) -> tuple[dict[int, list[Any]], int]:
        """Return the trades since the last look, earliest first, and the last's number.

        Of an instrument that is seen for the first time those are the last few.
        """
        found: dict[int, list[Any]] = {}
        for number, seen in known.items():
            first = [] if seen else reads.trades_of_instrument(db, number).rows
            found[number] = list(reversed(first[:TRADES_SHOWN]))
        tape = watching.last_print(db)
        before = {number: seen.position.tape for number, seen in known.items() if seen}
        if before:
            rows = watching.prints_after(db, min(before.values()), before)
            for row in rows:
                if row.id > before[row.instrument]:
                    found[row.instrument].append(row)
            if len(rows) == watching.PRINTS_MAX:
                tape = rows[-1].id
        return found, tape

    def snapshot(self, seen: Seen) -> Parts:
        """Return all there is to see."""
        scene: Scene = seen.state
        sides = {
            side: [level._asdict() for level in getattr(scene, side).values()]
            for side in SIDES
        }
        return {**sides, **scene.facts, "trades": scene.trades}

    def change(self, before: Seen, after: Seen) -> Parts:
        """Return what is different: of the book the prices that are, else whole."""
        old, new = before.state, after.state
        parts: Parts = {}
        for side in SIDES:
            if levels := _changed(getattr(old, side), getattr(new, side)):
                parts[side] = levels
        for name, fact in new.facts.items():
            if fact != old.facts[name]:
                parts[name] = fact
        if after.news:
            parts["trades"] = after.news
        return parts


def _changed(old: Side, new: Side) -> list[Parts]:
    """Return the levels that differ; one that is gone has no orders."""
    gone = [Level(price, 0, 0, 0) for price in old if price not in new]
    there = [level for price, level in new.items() if old.get(price) != level]
    return [level._asdict() for level in gone + there]


def _best(depth: Levels) -> Parts:
    return {
        "bid": depth.bids[0].price if depth.bids else None,
        "offer": depth.offers[0].price if depth.offers else None,
    }


def _phase(seen: board.Board, *, halted: bool) -> Parts:
    return {
        "state": seen.state,
        "phase": str(seen.phase),
        "due_us": seen.due_us,
        "halted": halted,
    }


def _indicative(seen: board.Board) -> Parts | None:
    if seen.indicative is None:
        return None
    told: Parts = INDICATIVE.dump(seen.indicative)
    return told


def _standing(standing: watching.Standing) -> Parts:
    told = standing._asdict()
    del told["instrument"]
    return told | {"contest": encode("contest", standing.contest)}
