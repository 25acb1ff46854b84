"""Two tables compared in the confined child: only counts and a correlation come out.

Keys become 64-bit numbers under a secret salt, of which a part that nobody can foretell
is looked at: the half of them, of large tables less (coordinated sampling by hash:
Cohen, "Sampling sketches", PODS 2023, §2; the same keys on both sides are looked at).
So whether one single key is there decides nothing for certain.
"""

import json
import math
from pathlib import Path
from typing import Any

from listings.cuts.keytext import (
    Unsuitable,
    found,
    is_number,
    key_text,
    quoted,
    types_of,
)
from listings.quality.engine import Engine

ROWS_MAX = 5_000_000  # of either table
SAMPLED_MAX = 500_000  # keys looked at, about


def compare(scratch: Path, request: Path) -> dict[str, Any]:
    """Return what two tables have in common, as *request* (JSON) asks.

    ``{"problem": code}``, or counts of looked-at keys: ``offered`` and ``held`` on
    either side, ``both``, and ``filled`` of these with a measure, ``pairs`` with a
    target too, whose squared correlation with the measure is ``r2``.
    """
    asked = json.loads(request.read_bytes())
    paths = [Path(asked[side]["path"]) for side in ("offered", "held")]
    with Engine(*paths, scratch=scratch) as engine:
        try:
            return {"problem": ""} | _compared(engine, asked)
        except Unsuitable as unsuitable:
            return {"problem": str(unsuitable)}


def _compared(engine: Engine, asked: dict[str, Any]) -> dict[str, Any]:
    sides = asked["offered"], asked["held"]
    rows = [_rows(engine, side["path"]) for side in sides]
    if max(rows) > ROWS_MAX:
        raise Unsuitable("too_large")
    part = 2  # one of so many keys is looked at
    while max(rows) // part > SAMPLED_MAX:
        part *= 2
    for name, side in zip(("offered", "held"), sides, strict=True):
        _gather(engine, name, side, asked["salt"], part)
    ((offered, held, both, filled, pairs, r2),) = engine.ask(
        "SELECT (SELECT count(*) FROM offered), (SELECT count(*) FROM held),"
        " count(*), count(o.v), count(o.v + h.v), corr(o.v, h.v)"
        " FROM offered o JOIN held h USING (k)"
    )
    ratio = None if r2 is None or math.isnan(r2) else float(r2) ** 2
    return {
        "offered": int(offered),
        "held": int(held),
        "both": int(both),
        "filled": int(filled),
        "pairs": int(pairs),
        "r2": ratio,
    }


def _rows(engine: Engine, path: str) -> int:
    ((rows,),) = engine.ask("SELECT count(*) FROM read_parquet(?)", [path])
    return int(rows)


def _gather(
    engine: Engine, name: str, side: dict[str, Any], salt: str, part: int
) -> None:
    """Make a table of a side's looked-at keys, each once, with the mean of a number."""
    types = types_of(engine, side["path"])
    text = key_text(types, side["keys"])
    number = "NULL"
    if side["measure"]:
        column, kind = found(types, side["measure"])
        if not is_number(kind):
            raise Unsuitable("no_number")
        number = f"CAST({quoted(column)} AS DOUBLE)"
    engine.ask(  # names are quoted; all values are parameters
        f"CREATE TABLE {name} AS SELECT k, avg(v) FILTER (isfinite(v)) AS v FROM"
        f" (SELECT md5_number_lower(? || {text}) AS k, CAST({number} AS DOUBLE) AS v"
        " FROM read_parquet(?)) WHERE k IS NOT NULL AND k % ? = 0 GROUP BY k",
        [salt, side["path"], part],
    )
