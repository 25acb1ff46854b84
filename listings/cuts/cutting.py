"""A table cut in the confined child, and a suspect one compared with its original.

Marks follow Agrawal and Kiernan ("Watermarking relational databases", VLDB 2002): a
keyed hash of a row's key chooses rows, and the lowest digit of a number is moved by one
step where its parity is not the bit that a keyed hash demands. The bits are the
buyer's own, as in the fingerprints of Li, Swarup and Jajodia (IEEE TDSC 2(1), 2005),
but drawn for each cell: so each buyer's agreement with a file that it had no part in is
that of fair coins, and the chance of a false accusation is a tail of the binomial. For
that each coin counts once: rows of one key have one bit, so they are one cell, and none
if they differ, however often a file repeats them.
"""

import json
from pathlib import Path
from typing import Any

from listings.cuts.keytext import (
    Types,
    Unsuitable,
    found,
    is_number,
    key_text,
    literal,
    quoted,
    types_of,
)
from listings.cuts.settings import Cut, Mark, Mask, load
from listings.quality import parquet
from listings.quality.engine import Engine

CELLS_MAX = 4_000  # of a suspect file that are looked at


def cut(scratch: Path, request: Path) -> dict[str, Any]:
    """Write what is left of a table to the scratch directory; what it is, as JSON."""
    asked = json.loads(request.read_bytes())
    path, to = Path(asked["path"]), scratch / "0.parquet"
    with Engine(path, scratch=scratch) as engine:
        try:
            query = _query(types_of(engine, str(path)), load(asked["cut"]), asked)
        except Unsuitable as unsuitable:
            return {"problem": str(unsuitable)}
        engine.write_parquet(query, to)
        return {"problem": "", "made": parquet.described(engine, to)}


def leak(scratch: Path, request: Path) -> dict[str, Any]:
    """Return how many marked cells of a suspect table agree with each buyer's bits.

    ``{"problem": code}``, or ``{"cells": n, "agreed": [m, …]}`` in the buyers' order.
    """
    asked = json.loads(request.read_bytes())
    paths = [Path(asked["original"]), Path(asked["suspect"])]
    with Engine(*paths, scratch=scratch) as engine:
        try:
            return {"problem": ""} | _agreed(engine, asked)
        except Unsuitable as unsuitable:
            return {"problem": str(unsuitable)}


def _query(types: Types, cut: Cut, asked: dict[str, Any]) -> str:
    masks = {mask.column.lower(): mask for mask in cut.masks}
    steps = {} if cut.mark is None else dict(cut.mark.columns)
    marked = {name.lower(): step for name, step in steps.items()}
    row = ""
    if cut.mark is not None and marked.keys() & types.keys():
        row = key_text(types, cut.mark.keys)
    chosen = []
    for lower, (name, kind) in types.items():
        cell = quoted(name)
        if lower in masks:
            cell = _masked(masks[lower], name, kind, asked["mask_secret"])
        elif lower in marked and cut.mark is not None and row:
            cell = _marked(name, kind, marked[lower], row, cut.mark, asked)
        if cell:
            chosen.append(f"{cell} AS {quoted(name)}")
    if not chosen:
        raise Unsuitable("no_column")
    kept = [
        f"CAST({quoted(found(types, rows.column)[0])} AS VARCHAR)"
        f" IN ({', '.join(literal(value) for value in rows.values)})"
        for rows in cut.rows
    ]
    where = f" WHERE {' AND '.join(kept)}" if kept else ""
    source = literal(asked["path"])
    return f"SELECT {', '.join(chosen)} FROM read_parquet({source}){where}"


def _masked(mask: Mask, name: str, kind: str, secret: str) -> str:
    """Return the cell of a masked column; nothing if it is left out."""
    text = f"CAST({quoted(name)} AS VARCHAR)"
    if mask.how == "hidden":
        return ""
    if mask.how == "blank":
        return f"CAST(NULL AS {kind})"
    if mask.how == "first":
        return f"left({text}, {int(mask.first)})"
    return f"left(sha256({literal(secret)} || {text}), 16)"


def _marked(
    name: str, kind: str, step: str, row: str, mark: Mark, asked: dict[str, Any]
) -> str:
    """Return a number, moved by one step where its parity is not the buyer's bit."""
    if not is_number(kind):
        raise Unsuitable("no_number")
    cell, secret = quoted(name), asked["mark_secret"]
    other = f"{_parity(cell, step)} <> {_bit(secret, asked['holder'], name, row)}"
    up = f"CASE WHEN {_hash(secret, f'sign {name.lower()}', row)} % 2 = 0"
    moved = f"{cell} + ({up} THEN 1 ELSE -1 END) * {step}"
    digits = len(step.partition(".")[2])
    if kind in ("FLOAT", "DOUBLE"):
        moved = f"round({moved}, {max(digits, 9)})"
    # What has no digit to move, or no room for one step more, stays as it is.
    there = f"coalesce(TRY(CAST({moved} AS {kind})), {cell})"
    return (
        f"CASE WHEN {_chosen(secret, mark, row)} AND {cell} IS NOT NULL AND {other}"
        f" THEN {there} ELSE {cell} END"
    )


def _agreed(engine: Engine, asked: dict[str, Any]) -> dict[str, Any]:
    mark, secret = load(asked["cut"]).mark, asked["mark_secret"]
    assert mark is not None
    original, suspect = (types_of(engine, asked[s]) for s in ("original", "suspect"))
    there = [
        (name, step)
        for name, step in mark.columns
        if name.lower() in suspect and name.lower() in original
    ]
    numbers = [n for n in there if is_number(found(suspect, n[0])[1])]
    if not numbers:
        raise Unsuitable("no_column")
    sides = []
    for types, side in ((original, "original"), (suspect, "suspect")):
        cells = "".join(
            f", {_steps(quoted(found(types, name)[0]), step)} AS u{i}"
            for i, (name, step) in enumerate(numbers)
        )
        path = literal(asked[side])
        row = key_text(types, mark.keys)
        sides.append(f"(SELECT DISTINCT {row} AS k{cells} FROM read_parquet({path}))")
    engine.ask("CREATE TABLE cells (name VARCHAR, k VARCHAR, parity BIGINT)")
    for i, (name, _) in enumerate(numbers):
        engine.ask(
            f"INSERT INTO cells SELECT ?, k, min(parity) FROM"
            f" (SELECT s.k AS k, abs(s.u{i} % 2) AS parity"
            f" FROM {sides[1]} s JOIN {sides[0]} o USING (k)"
            f" WHERE s.u{i} BETWEEN o.u{i} - 1 AND o.u{i} + 1"
            f" AND {_chosen(secret, mark, 's.k')})"
            f" GROUP BY k HAVING min(parity) = max(parity)",
            [name.lower()],
        )
    engine.ask(
        f"DELETE FROM cells WHERE rowid NOT IN (SELECT rowid FROM cells"
        f" ORDER BY md5_number_lower(k || name) LIMIT {CELLS_MAX})"
    )
    ((cells_there,),) = engine.ask("SELECT count(*) FROM cells")
    agreed = []
    for holder in asked["buyers"]:
        bit = (
            f"md5_number_lower({literal(f'{secret} bit {holder} ')}"
            " || name || ' ' || k) % 2"
        )
        ((count,),) = engine.ask(f"SELECT count(*) FROM cells WHERE parity = {bit}")
        agreed.append(int(count))
    return {"cells": int(cells_there), "agreed": agreed}


def _chosen(secret: str, mark: Mark, row: str) -> str:
    return f"{_hash(secret, 'row', row)} % {int(mark.one_in)} = 0"


def _bit(secret: str, holder: int, name: str, row: str) -> str:
    return f"{_hash(secret, f'bit {int(holder)} {name.lower()}', row)} % 2"


def _parity(cell: str, step: str) -> str:
    return f"abs({_steps(cell, step)} % 2)"


def _steps(cell: str, step: str) -> str:
    """Return how many steps a number is; NULL for what is no number or too large."""
    return f"TRY_CAST(round({cell} / {step}) AS BIGINT)"


def _hash(secret: str, use: str, row: str) -> str:
    return f"md5_number_lower({literal(f'{secret} {use} ')} || {row})"
