"""Groups made of a table's rows, in the confined child, before any question.

A group is all rows that are alike in every column to group by. It stays only if it has
enough subjects; each measure of it is blanked unless enough of them contribute and the
greatest does not give the others away. What is left is written as Parquet: columns
``g0`` … to group by, ``n`` rows, and ``s0``, ``c0`` … sum and count of each measure.
"""

import json
from pathlib import Path
from typing import Any

from listings.cleanroom.settings import PERIODS, Group, Shown, load
from listings.quality.engine import Engine
from listings.quality.parquet import SPARK

GROUPS_MAX = 2_000_000  # of a table
SHARE_PARTS = 100  # what was left out is told in percent, rounded
# The p% rule of official statistics (Hundepool et al., Statistical Disclosure Control,
# 2012, 4.2.2): the second greatest contributor must not be able to reckon the greatest
# to within p percent, so what the others add must come to as much.
OTHERS_MIN_PERCENT = 10
SINGLE_TURNS = 50  # cells that are blanked one by one; then twice as many each turn
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


class Unsuitable(Exception):
    """The table does not have what the settings name; its argument is a code."""


def make(engine: Engine, path: Path, shown: Shown, least: int, to: Path) -> Any:
    """Write the groups of the Parquet at *path* to *to*; what they are, as JSON.

    Unsuitable if a column is not there, or of a type that its role does not suit.
    """
    source = f"read_parquet('{path}')"
    types = {
        str(name).lower(): (str(name), str(kind))
        for name, kind, *_ in engine.ask(f"DESCRIBE SELECT * FROM {source}")
    }
    groups = [_coarse(group, *_found(types, group.column)) for group in shown.groups]
    measures = [_measure(*_found(types, name)) for name in shown.measures]
    subject = "row_number() OVER ()"
    if shown.subject:
        subject = _quoted(_found(types, shown.subject)[0])
    _gather(engine, source, groups, measures, subject)
    _judge(engine, len(groups), len(measures), least)
    _leave_enough_out(engine, len(groups), least)
    for measure in range(len(measures)):
        _blank_enough(engine, len(groups), measure, least)
    keys = _listed("g", len(groups))
    cells = "".join(f", s{i}, c{i}" for i in range(len(measures)))
    engine.write_parquet(
        f"SELECT {keys}, n{cells} FROM groups WHERE kept ORDER BY ALL", to
    )
    return _told(engine, shown, types, to)


def _gather(
    engine: Engine, source: str, groups: list[str], measures: list[str], subject: str
) -> None:
    """Add up each subject's rows in each group; without a subject, each row is one."""
    asked = [f"{expression} AS g{i}" for i, expression in enumerate(groups)]
    asked += [f"{cell} AS m{i}" for i, cell in enumerate(measures)]
    sums = "".join(
        f", sum(m{i}) AS s{i}, count(m{i}) AS c{i}, sum(abs(m{i})) AS a{i}"
        for i in range(len(measures))
    )
    engine.ask(
        f"CREATE TABLE parts AS SELECT {_listed('g', len(groups))}, who,"
        f" count(*) AS n{sums} FROM (SELECT {', '.join(asked)}, {subject} AS who"
        f" FROM {source}) WHERE who IS NOT NULL GROUP BY ALL"
    )


def _judge(engine: Engine, groups: int, measures: int, least: int) -> None:
    """Add up the groups, blank measures of too few or of one who stands out."""
    keys = _listed("g", groups)
    sums = "".join(
        f", sum(s{i}) AS s{i}, CAST(sum(c{i}) AS BIGINT) AS c{i}, sum(a{i}) AS a{i},"
        f" count(*) FILTER (c{i} > 0) AS w{i}, max(a{i}, 2) AS t{i}"
        for i in range(measures)
    )
    engine.ask(
        f"CREATE TABLE judged AS SELECT {keys}, count(*) AS subjects,"
        f" CAST(sum(n) AS BIGINT) AS n{sums} FROM parts GROUP BY {keys}"
    )
    cells = "".join(
        f", CASE WHEN {_fine(i, least)} THEN s{i} END AS s{i},"
        f" CASE WHEN {_fine(i, least)} THEN c{i} END AS c{i}"
        for i in range(measures)
    )
    engine.ask(
        f"CREATE TABLE groups AS SELECT {keys}, n, subjects,"
        f" subjects >= {int(least)} AS kept{cells} FROM judged"
    )


def _fine(measure: int, least: int) -> str:
    """Return the condition under which a measure's sum over a group is told."""
    top = f"t{measure}"
    others = f"a{measure} - {top}[1] - {top}[2]"
    return (
        f"w{measure} >= {int(least)} AND ({top}[1] = 0"
        f" OR 100 * ({others}) >= {OTHERS_MIN_PERCENT} * {top}[1])"
    )


def _leave_enough_out(engine: Engine, groups: int, least: int) -> None:
    """Leave out another group while those left out have too few subjects together.

    Else whoever knows a total of all rows would reckon them by subtraction.
    """
    same = _same(groups)
    left = (
        "SELECT count(DISTINCT p.who) FROM parts p JOIN groups q"
        f" ON {same} WHERE NOT q.kept"
    )
    while 0 < engine.ask(left)[0][0] < least:
        smallest = engine.ask(
            "SELECT rowid FROM groups WHERE kept ORDER BY subjects, rowid LIMIT 1"
        )
        if not smallest:
            return
        engine.ask("UPDATE groups SET kept = false WHERE rowid = ?", smallest[0])


def _blank_enough(engine: Engine, groups: int, measure: int, least: int) -> None:
    """Blank more cells of a measure until those not told are fine as one group.

    Else whoever knows its total over all rows would reckon a single blanked cell by
    subtraction. Smallest first; of very many cells ever more at once.
    """
    s, a, c = f"s{measure}", f"a{measure}", f"c{measure}"
    hidden = (
        f"SELECT sum(p.{a}) AS {a} FROM parts p JOIN groups q ON {_same(groups)}"
        f" WHERE (NOT q.kept OR q.{s} IS NULL) AND p.{c} > 0 GROUP BY p.who"
    )
    judged = (
        f"SELECT w{measure} = 0 OR ({_fine(measure, least)}) FROM (SELECT"
        f" count(*) AS w{measure}, sum({a}) AS {a}, max({a}, 2) AS t{measure}"
        f" FROM ({hidden}))"
    )
    smallest = (
        f"SELECT rowid FROM groups WHERE kept AND {s} IS NOT NULL"
        f" ORDER BY {c}, rowid LIMIT ?"
    )
    turn = 0
    while not engine.ask(judged)[0][0]:
        many = 1 << max(0, turn - SINGLE_TURNS)
        if not engine.ask(f"{smallest}", [many]):
            return
        engine.ask(
            f"UPDATE groups SET {s} = NULL, {c} = NULL WHERE rowid IN ({smallest})",
            [many],
        )
        turn += 1


def _same(groups: int) -> str:
    return " AND ".join(f"p.g{i} IS NOT DISTINCT FROM q.g{i}" for i in range(groups))


def _told(
    engine: Engine, shown: Shown, types: dict[str, tuple[str, str]], to: Path
) -> dict[str, Any]:
    """Return what buyers are told of the groups: nothing that a group does not say."""
    ((kept, rows, every),) = engine.ask(
        "SELECT count(*) FILTER (kept), coalesce(sum(n) FILTER (kept), 0),"
        " coalesce(sum(n), 0) FROM groups"
    )
    if not kept:
        raise Unsuitable("all_small")
    if kept > GROUPS_MAX:
        raise Unsuitable("too_many_groups")
    described = engine.ask(f"DESCRIBE SELECT * FROM read_parquet('{to}')")
    made = {str(name): str(kind) for name, kind, *_ in described}
    blank = "SELECT count(*) FROM groups WHERE kept AND"
    blanked = [
        int(engine.ask(f"{blank} s{i} IS NULL")[0][0])
        for i in range(len(shown.measures))
    ]
    return {
        "groups": int(kept),
        "rows": int(rows),
        "left_out": round(SHARE_PARTS * (int(every) - int(rows)) / max(1, int(every))),
        "columns": [
            {
                "name": types[group.column.lower()][0],
                "type": _spark(made[f"g{i}"]),
                "by": group.by,
            }
            for i, group in enumerate(shown.groups)
        ],
        "measures": [
            {
                "name": types[name.lower()][0],
                "type": _spark(types[name.lower()][1]),
                "blank": round(SHARE_PARTS * blank / int(kept)),
            }
            for name, blank in zip(shown.measures, blanked, strict=True)
        ],
    }


def _found(types: dict[str, tuple[str, str]], name: str) -> tuple[str, str]:
    found = types.get(name.lower())
    if found is None:
        raise Unsuitable("no_column")
    return found


def _coarse(group: Group, name: str, kind: str) -> str:
    """Return the expression of a column to group by."""
    cell, number = _quoted(name), _is_number(kind)
    if not group.by:
        known = number or kind in (*SPARK, *_TIMES)
        if kind in ("FLOAT", "DOUBLE", "BLOB") or not known:
            raise Unsuitable("wrong_coarseness")
        return cell
    if group.by in PERIODS and kind in _TIMES:
        return f"CAST(date_trunc('{group.by}', {cell}) AS DATE)"
    if group.by.isdigit() and number:
        step = int(group.by)
        return f"CAST(floor({cell} / {step}) AS BIGINT) * {step}"
    if group.by.isdigit() and kind == "VARCHAR":
        return f"left({cell}, {int(group.by)})"
    raise Unsuitable("wrong_coarseness")


def _measure(name: str, kind: str) -> str:
    """Return the cell of a measure; what is no finite number counts as empty."""
    if not _is_number(kind):
        raise Unsuitable("no_number")
    cell = _quoted(name)
    if kind in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN isfinite({cell}) THEN CAST({cell} AS DOUBLE) END"
    return cell


def _is_number(kind: str) -> bool:
    return kind in (*_WHOLE, "FLOAT", "DOUBLE") or kind.startswith("DECIMAL")


def _spark(kind: str) -> str:
    return SPARK.get(kind, kind.lower())


def _listed(letter: str, count: int) -> str:
    return ", ".join(f"{letter}{i}" for i in range(count))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def settings_from(text: str) -> tuple[Shown, int]:
    """Return what the parent asks for: one table's settings as JSON."""
    settings = load(json.loads(text))
    return settings.tables[0], settings.least
