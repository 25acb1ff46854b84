"""The profile of a table, computed by the engine: never asked of the vendor.

Every figure is of the rows that were examined (all of them, unless the report says
otherwise) and exact: counts, quantiles and extremes are no estimates.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from listings.quality import personal
from listings.quality.columns import ORDERED, Typed, batches, types
from listings.quality.engine import Engine
from listings.quality.problems import ADVICE, Problem, shortened
from listings.quality.readers import Loaded, described

PROFILED_MAX = 300  # columns
TOP, TOP_ALL = 10, 50  # most frequent values; all of them where there are few
BINS = 20
QUANTILES = 100
SUSPECTS_MAX = 20_000  # cells of a column that are looked at for personal data
SAMPLE_ROWS = 10
LONG = 10**10  # shorter numbers are nobody's
DIGITS = 9  # significant ones of a mean: beyond, the order of adding shows


class Profile(NamedTuple):
    """A table's figures and what is wrong in it."""

    table: dict[str, Any]
    problems: list[Problem]


def profile(engine: Engine, loaded: Loaded) -> Profile:
    """Return the profile of the engine's table, which is *loaded*."""
    ((rows,),) = engine.ask("SELECT count(*) FROM data")
    every = types(engine, loaded, PROFILED_MAX)
    problems = list(loaded.problems)
    columns: list[dict[str, Any]] = []
    for batch in batches(every):
        columns += _figures(engine, batch, rows)
    found: dict[int, set[str]] = {}
    for column, figures in zip(every, columns, strict=True):
        findings = _findings(engine, column, figures)
        found[column.number] = {finding.kind for finding in findings}
        figures["personal"] = [finding._asdict() for finding in findings]
        _hide(figures, found[column.number])
        problems += _personal(loaded, column, findings)
        problems += _misfits(engine, loaded, column, figures)
    duplicates = _duplicates(engine, loaded, problems)
    table = {
        "name": loaded.name,
        "format": loaded.format,
        "encoding": loaded.encoding,
        "delimiter": loaded.delimiter,
        "rows": loaded.rows if loaded.rows is not None else rows,
        "examined": rows,
        "complete": (loaded.rows or rows) == rows,
        "rejected": len(loaded.rejected),
        "width": len(loaded.columns),
        "duplicates": duplicates,
        "columns": columns,
        "sample": _sample(engine, every, rows, found),
    }
    return Profile(table, problems)


# ── figures ──

_POINTS = ", ".join(str(place / QUANTILES) for place in range(QUANTILES + 1))


def _figures(engine: Engine, batch: Sequence[Typed], rows: int) -> list[dict[str, Any]]:
    """Return the figures of some columns: few questions for all, one for each text."""
    values = ", ".join(f"{c.cell}, {c.value} AS v{c.number}" for c in batch)
    source = f"FROM (SELECT {values} FROM data)"
    asked = ", ".join(_basics(column) for column in batch)
    ((*counts,),) = engine.ask(f"SELECT {asked} {source}")
    made = []
    for column in batch:
        filled, fit, distinct, *rest = counts[: _width(column)]
        counts = counts[_width(column) :]
        figures: dict[str, Any] = {
            "name": column.name,
            "type": column.type,
            "nullable": filled < rows,
            "filled": filled,
            "nulls": rows - filled,
            "misfits": filled - fit,
            "distinct": distinct,
        }
        if fit and column.type in ORDERED:
            figures |= _ordered(column, *rest)
        elif fit and column.type == "string":
            figures |= dict(zip(("shortest", "longest", "padded"), rest, strict=True))
        made.append(figures)
    _add_histograms(engine, batch, made, source)
    _add_tops(engine, batch, made, source)
    return made


def _basics(column: Typed) -> str:
    """Return what the first question asks of a column; `_width` tells how many."""
    v = f"v{column.number}"
    asked = f"count({column.cell}), count({v}), count(DISTINCT {v})"
    if column.type in ORDERED:
        number = f"epoch({v})" if column.dated else v
        asked += (
            f", CAST(min({v}) AS VARCHAR), CAST(max({v}) AS VARCHAR), avg({number}),"
            f" quantile_disc({number}, [{_POINTS}])"
        )
    elif column.type == "string":
        asked += (
            f", min(length({v})), max(length({v})), count(*) FILTER ({v} <> trim({v}))"
        )
    return asked


def _width(column: Typed) -> int:
    return 7 if column.type in ORDERED else 6 if column.type == "string" else 3


def _ordered(
    column: Typed, least: str, most: str, mean: Any, quantiles: list[Any]
) -> dict[str, Any]:
    numbers = [_plain(value) for value in quantiles]
    if column.dated:
        cut = {"month": 7, "date": 10, "datetime": 19}[column.type]
        return {"quantiles": numbers, "min": least[:cut], "max": most[:cut]}
    return {
        "quantiles": numbers,
        "min": numbers[0],
        "max": numbers[-1],
        "mean": float(f"{float(mean):.{DIGITS}g}"),
    }


def _plain(value: Any) -> int | float:
    return value if isinstance(value, int) else float(f"{float(value):.{DIGITS}g}")


def _add_histograms(
    engine: Engine,
    batch: Sequence[Typed],
    made: list[dict[str, Any]],
    source: str,
) -> None:
    """Add [from, to, count] of bins of equal width; a bin holds its upper edge."""
    asked, wanted = [], []
    for column, figures in zip(batch, made, strict=True):
        quantiles = figures.get("quantiles", [0])
        low, high = quantiles[0], quantiles[-1]
        width = (float(high) - float(low)) / BINS
        if low == high or not 0 < width < float("inf"):
            continue
        edges = [float(low) + width * place for place in range(BINS + 1)]
        number = f"v{column.number}"
        number = f"epoch({number})" if column.dated else f"CAST({number} AS DOUBLE)"
        asked.append(
            f"histogram({number}, [{', '.join(map(repr, edges[1:-1]))}, 'inf'::DOUBLE])"
        )
        wanted.append((figures, edges))
    if not asked:
        return
    ((*counted,),) = engine.ask(f"SELECT {', '.join(asked)} {source}")
    for (figures, edges), bins in zip(wanted, counted, strict=True):
        figures["histogram"] = [
            [_plain(a), _plain(b), n]
            for (a, b), n in zip(pairwise(edges), bins.values(), strict=True)
        ]


def _add_tops(
    engine: Engine, batch: Sequence[Typed], made: list[dict[str, Any]], source: str
) -> None:
    """Add the most frequent values [value, count]: all of them where there are few."""
    both = list(zip(batch, made, strict=True))
    few = [(c, f) for c, f in both if 0 < f["distinct"] <= TOP_ALL]
    if few:
        asked = ", ".join(f"histogram(CAST(v{c.number} AS VARCHAR))" for c, _ in few)
        ((*counted,),) = engine.ask(f"SELECT {asked} {source}")
        for (_, figures), counts in zip(few, counted, strict=True):
            figures["top"] = _by_count(counts.items())
    for column, figures in both:
        if figures["distinct"] > TOP_ALL and column.type == "string":
            v = f"v{column.number}"
            figures["top"] = _by_count(
                engine.ask(
                    f"SELECT {v}, count(*) AS n {source} WHERE {v} IS NOT NULL"
                    f" GROUP BY {v} ORDER BY n DESC, {v} LIMIT {TOP}"
                )
            )


def _by_count(counts: Iterable[tuple[str, int]]) -> list[list[Any]]:
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return [[shortened(value), count] for value, count in ordered]


def _hide(figures: dict[str, Any], kinds: set[str]) -> None:
    """Take out of *figures* what would tell persons."""
    if not kinds:
        return
    for name in ("quantiles", "histogram", "min", "max", "mean"):
        figures.pop(name, None)
    if "top" in figures:
        figures["top"] = [
            [personal.masked(value, kinds), count] for value, count in figures["top"]
        ]


# ── persons ──


def _findings(
    engine: Engine, column: Typed, figures: dict[str, Any]
) -> list[personal.Finding]:
    if column.type not in ("string", "integer", "object"):
        return []
    if (
        max(map(abs, figures.get("quantiles", [LONG]))) < LONG
        and not figures["misfits"]
    ):
        return []  # no number is long enough
    text = f"CAST({column.cell} AS VARCHAR)"
    cells = engine.ask(
        f"SELECT rowid + 1, {text} AS t FROM data"
        f" WHERE regexp_matches(t, '{personal.SUSPECT}') LIMIT {SUSPECTS_MAX}"
    )
    findings = personal.find(cells)
    if column.type == "string" and personal.is_persons(column.name):
        findings += _names(engine, text)
    return findings


def _names(engine: Engine, text: str) -> list[personal.Finding]:
    cells = engine.ask(
        f"SELECT rowid + 1, trim({text}) AS t FROM data WHERE t <> '' LIMIT 2000"
    )
    rows = [row for row, said in cells if personal.is_name(said)]
    if len(rows) < personal.NAMES_MIN * max(len(cells), 1):
        return []
    return [personal.Finding("name", len(rows), rows[0])]


def _personal(
    loaded: Loaded, column: Typed, findings: list[personal.Finding]
) -> list[Problem]:
    return [
        Problem(
            ADVICE,
            f"personal_{finding.kind}",
            loaded.name,
            column.name,
            _true_row(loaded, finding.row),
            finding.cells,
        )
        for finding in findings
    ]


# ── what does not fit ──


def _misfits(
    engine: Engine, loaded: Loaded, column: Typed, figures: dict[str, Any]
) -> list[Problem]:
    """Return the cells that are not of their column's type, the first few by row."""
    if not figures["misfits"]:
        return []
    cells = engine.ask(
        f"SELECT rowid + 1, {column.cell} FROM data WHERE {column.cell} IS NOT NULL"
        f" AND {column.value} IS NULL ORDER BY rowid LIMIT 20"
    )
    row, value = cells[0]
    masked = personal.masked(described(value), personal.KINDS)
    return [
        Problem(
            ADVICE,
            "misfit",
            loaded.name,
            column.name,
            _true_row(loaded, row),
            figures["misfits"],
            shortened(masked),
            {
                "type": column.type,
                "rows": [_true_row(loaded, found) for found, _ in cells],
            },
        )
    ]


def _duplicates(engine: Engine, loaded: Loaded, problems: list[Problem]) -> int:
    """Return how many rows repeat an earlier one, and add that to the problems."""
    if not loaded.columns:
        return 0
    every = ", ".join(f"c{number}" for number in range(len(loaded.columns)))
    rows = engine.ask(
        "SELECT rowid + 1, count(*) OVER () FROM (SELECT rowid, row_number() OVER"
        f" (PARTITION BY hash({every}) ORDER BY rowid) AS n FROM data)"
        " WHERE n > 1 ORDER BY rowid LIMIT 20"
    )
    if not rows:
        return 0
    count = rows[0][1]
    places = [_true_row(loaded, found) for found, _ in rows]
    problems.append(
        Problem(
            ADVICE,
            "duplicates",
            loaded.name,
            "",
            places[0],
            count,
            "",
            {"rows": places},
        )
    )
    return int(count)


def _true_row(loaded: Loaded, row: int) -> int:
    """Return the row of the file that the engine's *row* is, left-out ones counted."""
    for left_out in loaded.rejected:
        if left_out > row:
            break
        row += 1
    return row


def _sample(
    engine: Engine, every: list[Typed], rows: int, found: dict[int, set[str]]
) -> dict[str, Any]:
    """Return a few rows from evenly over the table, persons masked: the same always."""
    if not every or not rows:
        return {"columns": [column.name for column in every], "rows": []}
    count = min(SAMPLE_ROWS, rows)
    wanted = [place * rows // count for place in range(count)]
    cells = ", ".join(column.cell for column in every)
    taken = engine.ask(
        f"SELECT {cells} FROM data WHERE rowid IN ({', '.join(map(str, wanted))})"
        " ORDER BY rowid"
    )
    return {
        "columns": [column.name for column in every],
        "rows": [
            [
                shortened(
                    personal.masked(
                        described(cell), {*personal.KINDS[:4], *found[column.number]}
                    )
                )
                for column, cell in zip(every, row, strict=True)
            ]
            for row in taken
        ],
    }
