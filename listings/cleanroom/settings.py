"""What a clean room shows of each table: columns to group by, numbers to add up.

A vendor gives every column one of four roles. Rows are put into groups by all the
*group* columns of their table together; groups of fewer than the room's least number
of subjects are left out before anybody asks. What a buyer's SQL runs on are these
groups, never rows: whatever two questions differ by is at least one whole group. So
no comparison of answers tells of fewer subjects than that, however many are made.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from listings import tables as listed
from listings.changes import touch
from listings.cleanroom.tables import cleanrooms
from listings.cuts.tables import cuts
from listings.marking import N_
from settlement.errors import Invalid

LEAST_MIN, LEAST_MAX = 5, 10_000  # subjects of a group; no vendor may allow fewer
LEAST = 10  # proposed to vendors
TABLES_MAX = 20
GROUPS_MAX = 8  # columns of one table: with each more, more groups are too small
MEASURES_MAX = 30
NAME_MAX = 200  # characters
STEP_DIGITS_MAX = 12
PERIODS = ("day", "month", "quarter", "year")  # that days and moments become
ROLES = ("hidden", "group", "measure", "subject")


class Group(NamedTuple):
    """A column that rows are grouped by, as it is or coarser.

    *by* is empty, a period for days, or a whole number: the width of the steps that
    numbers become, or how many characters of a text are kept.
    """

    column: str
    by: str = ""


class Shown(NamedTuple):
    """What the room shows of one table; other columns do not exist in it."""

    table: str
    groups: tuple[Group, ...]
    measures: tuple[str, ...] = ()
    subject: str = ""  # what a group must have enough different ones of; empty: rows


class Settings(NamedTuple):
    """A room's tables, and how many subjects each group has at least."""

    tables: tuple[Shown, ...]
    least: int = LEAST

    def of(self, table: str) -> Shown | None:
        """Return what is shown of *table*, in any case, if anything."""
        wanted = table.lower()
        return next((t for t in self.tables if t.table.lower() == wanted), None)


def wrong(settings: Settings) -> dict[str, list[str]]:
    """Return what is wrong with a vendor's choices, by field."""
    problems: dict[str, list[str]] = {}
    if not LEAST_MIN <= settings.least <= LEAST_MAX:
        problems["least"] = [N_("Give a whole number from 5 to 10,000.")]
    if not 0 < len(settings.tables) <= TABLES_MAX:
        problems["tables"] = [N_("Choose the columns of at least one table.")]
    for shown in settings.tables:
        if not 0 < len(shown.groups) <= GROUPS_MAX:
            problems["tables"] = [N_("Each table has 1 to 8 columns to group by.")]
        if len(shown.measures) > MEASURES_MAX:
            problems["tables"] = [N_("Each table has at most 30 measures.")]
        if not all(_is_coarser(group.by) for group in shown.groups):
            problems["tables"] = [
                N_("Coarser is a period, a step of numbers, or a count of characters.")
            ]
        names = [g.column.lower() for g in shown.groups]
        names += [name.lower() for name in (*shown.measures, shown.subject) if name]
        if len(set(names)) < len(names) or any(len(n) > NAME_MAX for n in names):
            problems["tables"] = [N_("Each column has one role.")]
    if len({t.table.lower() for t in settings.tables}) < len(settings.tables):
        problems["tables"] = [N_("Each table is there once.")]
    return problems


def _is_coarser(by: str) -> bool:
    step = by.isascii() and by.isdigit() and len(by) <= STEP_DIGITS_MAX
    return by in ("", *PERIODS) or (step and int(by) > 0)


def put(db: Connection, instrument: int, settings: Settings | None) -> None:
    """Let an instrument sell the room instead of files, or files again, from now on.

    Invalid names what is wrong. All rooms of a product show the same: the difference
    of two ways to group the same rows can be smaller than the groups of either.
    """
    if settings is not None and (problems := wrong(settings)):
        raise Invalid(problems)
    is_cut = select(cuts.c.instrument).where(cuts.c.instrument == instrument)
    if settings is not None and db.scalar(is_cut) is not None:
        raise Invalid(
            {"instrument": [N_("Its tables are cut: let it sell whole files first.")]}
        )
    i = listed.instruments.c
    product = db.execute(select(i.product).where(i.id == instrument)).scalar_one()
    c = cleanrooms.c
    same = select(c.instrument).join(listed.instruments, i.id == c.instrument)
    ours = db.execute(same.where(i.product == product)).scalars().all()
    db.execute(delete(cleanrooms).where(c.instrument == instrument))
    if settings is not None:
        rooms = {*ours, instrument}
        db.execute(delete(cleanrooms).where(c.instrument.in_(rooms)))
        text = json.dumps(dump(settings), ensure_ascii=False)
        rows = [{"instrument": one, "settings": text} for one in sorted(rooms)]
        db.execute(insert(cleanrooms), rows)
    touch(db, [product])


def of_instruments(
    db: Connection, instruments: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """Return the settings of those of *instruments* that sell a room, as JSON."""
    c = cleanrooms.c
    query = select(cleanrooms).where(c.instrument.in_(list(instruments)))
    return {row.instrument: json.loads(row.settings) for row in db.execute(query)}


def is_room(db: Connection, product: int) -> bool:
    """Tell whether an instrument of a product sells a room."""
    i, c = listed.instruments.c, cleanrooms.c
    ours = select(c.instrument).join(listed.instruments, i.id == c.instrument)
    return db.execute(ours.where(i.product == product).limit(1)).first() is not None


def dump(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON takes them, and as terms freeze them."""
    return {
        "least": settings.least,
        "tables": [
            {
                "table": shown.table,
                "subject": shown.subject,
                "groups": [group._asdict() for group in shown.groups],
                "measures": list(shown.measures),
            }
            for shown in settings.tables
        ],
    }


def load(facts: Mapping[str, Any]) -> Settings:
    """Return the settings that `dump` gave."""
    shown = tuple(
        Shown(
            table["table"],
            tuple(Group(**group) for group in table["groups"]),
            tuple(table["measures"]),
            table["subject"],
        )
        for table in facts["tables"]
    )
    return Settings(shown, facts["least"])


def digest(shown: Shown, least: int) -> str:
    """Return the hash of all that decides which groups a table becomes."""
    said = dump(Settings((shown,), least))
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
