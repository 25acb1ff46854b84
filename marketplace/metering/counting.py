"""From the files of meters to the records: every call kept, every use counted once.

What was kept and counted is told by the place up to which the writer came; a step may
be interrupted anywhere and repeated.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, func, select

from marketplace.members.verification import OPERATOR
from marketplace.metering import health
from marketplace.metering.meter import SUFFIX, Note, files, is_over, notes
from marketplace.metering.tables import calls
from marketplace.trading.gateway import Gateway
from marketplace.trading.usage import LINES_MAX, OutOfStep
from marketplace.trading.usage_tables import meters, tabs
from marketplace.trading.using import CountUse, SetBudget
from settlement import store
from settlement.errors import Refusal
from settlement.store import next_numbers
from settlement.tables import entitlements

STEP_S = 0.5
CUT_SHORT = "cut_short"  # why a call has no outcome: the process ended meanwhile
ENDED = ("expired", "revoked")

log = structlog.get_logger()


class Counting:
    """Follows the meters below a folder; where the writer is."""

    def __init__(
        self, reads: Engine, writes: Engine, gateway: Gateway, folder: Path
    ) -> None:
        """Remember nothing: the records say how far it came."""
        self._reads, self._writes = reads, writes
        self._gateway, self._folder = gateway, folder

    def step(self) -> int:
        """Count what is new in every meter; how many calls that were."""
        done = sum(self._follow(path) for path in files(self._folder))
        self._give_back()
        return done

    def _follow(self, path: Path) -> int:
        over = is_over(path)  # before reading: what is read then is all
        meter, done = path.name.removesuffix(SUFFIX), 0
        while True:
            with self._reads.connect() as db:
                query = select(meters.c.position).where(meters.c.meter == meter)
                place = db.scalar(query) or 0
            found, end = notes(path, place)
            if end == place:
                break
            found, end = _bounded(found, end)
            answered = [note for note in found if note.answered is not None]
            with self._writes.begin() as db:
                _record(db, meter, answered)
            lines = lines_of(answered)
            command = CountUse(OPERATOR, meter, place, end, lines)
            try:
                self._gateway.submit(command)
            except OutOfStep:  # another process counts it too
                continue
            done += len(answered)
        if over:
            self._finish(path, meter)
        return done

    def _finish(self, path: Path, meter: str) -> None:
        """Keep the calls that were cut short, and remove the file."""
        begun: dict[int, Note] = {}
        place = 0
        while True:
            found, end = notes(path, place)
            if end == place:
                break
            for note in found:
                if note.answered is None:
                    begun[note.begun.number] = note
                else:
                    begun.pop(note.begun.number, None)
            place = end
        with self._writes.begin() as db:
            known = select(calls.c.number).where(calls.c.meter == meter)
            there = set(db.execute(known.where(calls.c.why == CUT_SHORT)).scalars())
            left = [note for n, note in sorted(begun.items()) if n not in there]
            _keep(db, meter, left)
        path.unlink(missing_ok=True)

    def _give_back(self) -> None:
        """Give back what was set aside for rights that have ended."""
        query = (
            select(tabs.c.entitlement, tabs.c.holder)
            .join(entitlements, entitlements.c.id == tabs.c.entitlement)
            .where(tabs.c.allowed > 0, entitlements.c.state.in_(ENDED))
        )
        with self._reads.connect() as db:
            ended = db.execute(query).all()
        for entitlement, holder in ended:
            try:
                self._gateway.submit(SetBudget(OPERATOR, holder, entitlement, 0))
            except Refusal as refusal:
                log.warning("metering.not_given_back", refusal=refusal.code)


def lines_of(found: Iterable[Note]) -> tuple[tuple[int, int, int, int, int], ...]:
    """Return what calls came to, by right and period, in order."""
    sums: dict[tuple[int, int], Counter[str]] = {}
    for note in found:
        made = note.answered
        if made is None or not made.counted:
            continue
        key = note.begun.entitlement, note.begun.period
        each = {"calls": 1, "hits": made.hit, "records": made.records}
        sums.setdefault(key, Counter()).update(each)
    return tuple(
        (*key, total["calls"], total["hits"], total["records"])
        for key, total in sorted(sums.items())
    )


def _bounded(found: list[Note], end: int) -> tuple[list[Note], int]:
    """Return as many notes as one command can count, and the place after them."""
    seen: set[tuple[int, int]] = set()
    for index, note in enumerate(found):
        seen.add((note.begun.entitlement, note.begun.period))
        if len(seen) > LINES_MAX:
            return found[:index], note.place
    return found, end


def _record(db: Connection, meter: str, found: list[Note]) -> None:
    """Keep calls that are not kept yet: all up to a place were, or none beyond it."""
    last = select(func.max(calls.c.place)).where(
        calls.c.meter == meter, calls.c.why != CUT_SHORT
    )
    kept = db.scalar(last)
    new = [note for note in found if kept is None or note.place > kept]
    _keep(db, meter, new)
    health.add(
        db, [note for note in new if note.answered and not note.answered.repeated]
    )


def _keep(db: Connection, meter: str, found: list[Note]) -> None:
    numbers = next_numbers(db, calls.c.id, len(found))
    rows = [_row(n, meter, note) for n, note in zip(numbers, found, strict=True)]
    store.insert(db, calls, rows)


def _row(number: int, meter: str, note: Note) -> tuple[Any, ...]:
    b = note.begun
    made = note.answered
    outcome: tuple[Any, ...] = (None, CUT_SHORT, 0, None, 0, 0, 0, 0)
    if made is not None:
        outcome = tuple(made)
    return (
        *(number, meter, b.number, note.place, b.entitlement, b.product, b.key),
        *(b.period, b.at_us, b.method, b.path, *outcome),
    )
