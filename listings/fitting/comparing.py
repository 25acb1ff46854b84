"""Two tables compared in the confined child: only counts and a correlation come out.

Keys become 64-bit numbers under a secret salt. Of one held key in ANSWERED_WRONGLY, by
that secret, the opposite of whether it is offered is counted (randomised response:
Warner, JASA 60, 1965): for one key it is the same however often, by whomever and beside
whatever it is asked, so no number of questions tells for certain whether it is there.
Of very large tables only a part of the keys, the same on both sides, is looked at.
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
ANSWERED_WRONGLY = 4  # one key in so many
TAIL = 0.05  # of the pairs on either side, drawn in: no single one weighs much
_FLIPPED = f"k // {1 << 32} % {ANSWERED_WRONGLY} = 0"  # bits that sampling leaves
_HALF = f"k // {1 << 40} % 2 = 0"


def compare(scratch: Path, request: Path) -> dict[str, Any]:
    """Return what two tables have in common, as *request* (JSON) asks.

    ``{"problem": code}``, or counts of looked-at keys: ``offered`` and ``held`` on
    either side, and ``full`` of the offered with a measure; ``seen`` of the held, some
    wrongly, and ``filled`` of these with a measure, a wrong one with any that is
    offered. Of a secret half ``pairs`` have a measure and a target, whose squared
    correlation is ``r2``.
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
    part = 1  # one of so many keys is looked at
    while max(rows) // part > SAMPLED_MAX:
        part *= 2
    for name, side in zip(("offered", "held"), sides, strict=True):
        _gather(engine, name, side, asked["salt"], part)
    ((offered, full),) = engine.ask("SELECT count(*), count(v) FROM offered")
    ((held,),) = engine.ask("SELECT count(*) FROM held")
    ((seen, filled),) = engine.ask(
        "SELECT count(*), count(CASE WHEN o.k IS NULL THEN d.v ELSE o.v END)"
        " FROM held h LEFT JOIN offered o ON o.k = h.k LEFT JOIN"
        " (SELECT row_number() OVER (ORDER BY k) - 1 AS n, v FROM offered) d"
        f" ON d.n = CAST(h.k // {1 << 41} % {max(1, int(offered))} AS BIGINT)"
        f" WHERE (o.k IS NULL) = (h.{_FLIPPED})"
    )
    ((pairs, r2),) = engine.ask(
        "WITH pairs AS (SELECT o.v AS x, h.v AS y FROM offered o JOIN held h USING (k)"
        f" WHERE {_HALF} AND x IS NOT NULL AND y IS NOT NULL), ends AS (SELECT"
        f" quantile_cont(x, [{TAIL}, {1 - TAIL}]) AS xs,"
        f" quantile_cont(y, [{TAIL}, {1 - TAIL}]) AS ys FROM pairs)"
        " SELECT count(*), corr(least(greatest(x, xs[1]), xs[2]),"
        " least(greatest(y, ys[1]), ys[2])) FROM pairs, ends"
    )
    ratio = None if r2 is None or math.isnan(r2) else float(r2) ** 2
    return {
        "offered": int(offered),
        "full": int(full),
        "held": int(held),
        "seen": int(seen),
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
