"""The type of each column: what the file says, or what nearly all of its cells are."""

from collections.abc import Sequence
from typing import NamedTuple

from listings.quality.engine import Engine
from listings.quality.readers import Loaded

JUDGED_ROWS = 2_000  # from which the type of a text column is guessed
FITS_MIN = 0.95  # of the cells must be of the guessed type
BATCH = 40  # columns that one query is about
ORDERED = ("integer", "number", "month", "date", "datetime")

# type → shape of a text and how it is then read; the first that fits wins. Leading
# zeros are codes, not numbers. {c}: the cell.
_DAY = "[12][0-9][0-9][0-9][-/.][0-9][0-9]?[-/.][0-9][0-9]?"
_SHAPES = {
    "boolean": ("(?i)true|false", "lower({c}) = 'true'"),
    "integer": ("[+-]?(0|[1-9][0-9]*)", "TRY_CAST({c} AS BIGINT)"),
    "number": (
        r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][+-]?[0-9]+)?",
        "CASE WHEN isfinite(TRY_CAST({c} AS DOUBLE)) THEN TRY_CAST({c} AS DOUBLE) END",
    ),
    "month": ("[12][0-9][0-9][0-9]-[01][0-9]", "TRY_CAST({c} || '-01' AS DATE)"),
    "date": (_DAY, "TRY_CAST(translate({c}, '/.', '--') AS DATE)"),
    "datetime": (
        f"{_DAY}[T ][0-9].*",
        "TRY_CAST(TRY_CAST(replace({c}, '/', '-') AS TIMESTAMPTZ) AS TIMESTAMP)",
    ),
}
_WORDS = ("month", "date", "datetime")  # what text that was said to be text may be
_ENGINE_TYPES = {
    "BOOLEAN": "boolean",
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT"), "integer"
    ),
    **dict.fromkeys(("USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "number"),
    "DATE": "date",
    "BLOB": "binary",
    "VARCHAR": "string",
}


class Typed(NamedTuple):
    """A column with its type and the expression that gives its values."""

    name: str
    number: int
    type: str
    value: str  # SQL; null where a cell is empty or does not fit

    @property
    def cell(self) -> str:
        """Return the column as it stands in the file."""
        return f"c{self.number}"

    @property
    def dated(self) -> bool:
        """Tell whether the values are days or moments."""
        return self.type in _WORDS


def types(engine: Engine, loaded: Loaded, most: int) -> list[Typed]:
    """Return the first *most* columns of the engine's table, each with its type."""
    names = loaded.columns[:most]
    if loaded.declared:
        said = [str(row[1]) for row in engine.ask("DESCRIBE data")]
        return [_declared(name, number, said[number]) for number, name in _each(names)]
    guesses: dict[int, list[str]] = {}
    for begin in range(0, len(names), BATCH):
        numbers = range(begin, min(begin + BATCH, len(names)))
        guesses |= _guesses(engine, loaded, numbers)
    return _verified(engine, names, guesses)


def batches(columns: Sequence[Typed]) -> list[Sequence[Typed]]:
    """Return *columns* in groups small enough for one query."""
    return [columns[begin : begin + BATCH] for begin in range(0, len(columns), BATCH)]


def _each(names: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(names))


def _guesses(engine: Engine, loaded: Loaded, numbers: range) -> dict[int, list[str]]:
    """Return for each column the types that nearly all of the first cells fit."""
    kinds = {
        number: []
        if loaded.columns[number] in loaded.nested
        else list(_WORDS if loaded.columns[number] in loaded.words else _SHAPES)
        for number in numbers
    }
    asked = ", ".join(
        ", ".join([f"count(c{n})", *(f"count({_read(k, f'c{n}')})" for k in kinds[n])])
        for n in numbers
    )
    ((*counts,),) = engine.ask(
        f"SELECT {asked} FROM (SELECT * FROM data LIMIT {JUDGED_ROWS})"
    )
    found, at = {}, 0
    for number in numbers:
        filled = counts[at]
        fits = counts[at + 1 : at + 1 + len(kinds[number])]
        at += 1 + len(kinds[number])
        found[number] = [  # empty at the beginning says nothing: all are possible
            kind
            for kind, count in zip(kinds[number], fits, strict=True)
            if count >= FITS_MIN * filled
        ] + (["object"] if loaded.columns[number] in loaded.nested else [])
    return found


def _verified(
    engine: Engine, names: Sequence[str], guesses: dict[int, list[str]]
) -> list[Typed]:
    """Return each column with the first guess that all of its cells bear out."""
    found = {
        number: Typed(names[number], number, "string", f"c{number}")
        for number in guesses
    }
    open_ = {number: kinds for number, kinds in guesses.items() if kinds}
    while open_:
        now = dict(list(open_.items())[:BATCH])
        asked = ", ".join(
            f"count(c{n}), count({_read(kinds[0], f'c{n}')}),"
            f" count(*) FILTER (regexp_matches(c{n}, '^[+-]?0[0-9]'))"
            for n, kinds in now.items()
        )
        ((*counts,),) = engine.ask(f"SELECT {asked} FROM data")
        for place, (n, (kind, *others)) in enumerate(now.items()):
            filled, fit, zeros = counts[3 * place : 3 * place + 3]
            code = zeros and kind in ("integer", "number")
            if filled and fit >= FITS_MIN * filled and not code:
                found[n] = Typed(names[n], n, kind, _read(kind, f"c{n}"))
                del open_[n]
            elif others and filled:
                open_[n] = others
            else:
                del open_[n]
    return [found[number] for number in sorted(found)]


def _read(kind: str, cell: str) -> str:
    """Return the expression for a text *cell* as a value of a type; null if none."""
    if kind == "object":
        return cell
    shape, value = _SHAPES[kind]
    return (
        f"CASE WHEN regexp_full_match({cell}, '{shape}')"
        f" THEN {value.replace('{c}', cell)} END"
    )


def _declared(name: str, number: int, said: str) -> Typed:
    """Return a column whose type the file says, in the engine's words."""
    cell = f"c{number}"
    if said.startswith("DECIMAL"):
        return Typed(name, number, "number", f"CAST({cell} AS DOUBLE)")
    if said.startswith("TIMESTAMP"):
        return Typed(name, number, "datetime", f"CAST({cell} AS TIMESTAMP)")
    kind = _ENGINE_TYPES.get(said)
    if kind == "number":
        value = f"CASE WHEN isfinite({cell}) THEN CAST({cell} AS DOUBLE) END"
        return Typed(name, number, kind, value)
    if kind is None:  # nested, enumerations, times of day
        nested = said.endswith("]") or said.startswith(("STRUCT", "MAP", "UNION"))
        value = f"CAST({cell} AS VARCHAR)"
        return Typed(name, number, "object" if nested else "string", value)
    return Typed(name, number, kind, cell)
