"""Scores by the six dimensions of GB/T 36344-2018, each with its method and sample.

Every metric is a share in basis points of something that was counted. A dimension is
the mean of its measured metrics, the score the mean of the measured dimensions, both
rounded down. What cannot be measured has no figure; nothing is asked or guessed.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from listings.marking import N_
from listings.products import Facts
from listings.quality import declared
from listings.quality.reports import Examination
from listings.vocabulary import Name
from settlement.clock import moment

FULL = 10_000  # basis points
DIMENSIONS = {
    "conformity": Name("规范性", "Conformity"),
    "completeness": Name("完整性", "Completeness"),
    "accuracy": Name("准确性", "Accuracy"),
    "consistency": Name("一致性", "Consistency"),
    "timeliness": Name("时效性", "Timeliness"),
    "accessibility": Name("可访问性", "Accessibility"),
}
# How many days may lie between two updates, by the declared frequency.
INTERVAL_DAYS = {
    "realtime": 1,
    "hourly": 1,
    "daily": 1,
    "weekly": 7,
    "monthly": 31,
    "quarterly": 92,
    "yearly": 366,
}
FENCE = 3  # interquartile ranges beyond the quartiles (Tukey's outer fence)
OPEN = {"csv", "tsv", "json", "jsonl", "ndjson", "geojson", "parquet", "arrow", "xlsx"}


class Metric(NamedTuple):
    """One figure: a share, how it was counted, and of how many."""

    dimension: str
    code: str
    share_bps: int | None  # None: cannot be measured here
    sample: int  # cells, rows, columns or files, as the method says
    method: str


class Score(NamedTuple):
    """A dimension's figure with its metrics."""

    dimension: str
    name_zh: str
    name_en: str
    share_bps: int | None
    metrics: list[Metric]


class Scores(NamedTuple):
    """All dimensions, and the mean of those that could be measured."""

    share_bps: int | None
    dimensions: list[Score]


def score(facts: Facts, found: list[Examination], at_us: int) -> Scores:
    """Return the scores of a release, judged by the day *at_us*."""
    metrics = [metric for rule in _RULES for metric in rule(facts, found, at_us)]
    dimensions = [
        Score(
            code,
            *name,
            _mean(of := [m for m in metrics if m.dimension == code]),
            of,
        )
        for code, name in DIMENSIONS.items()
    ]
    measured = [one.share_bps for one in dimensions if one.share_bps is not None]
    return Scores(sum(measured) // len(measured) if measured else None, dimensions)


def methods() -> dict[str, list[str]]:
    """Return how each dimension is counted, as the rules themselves say it."""
    column = {"name": "a", "type": "text", "filled": 1, "nulls": 0, "misfits": 0}
    table = {"name": "a", "columns": [column], "examined": 1, "rejected": 0}
    table |= {"duplicates": 0, "format": "csv", "encoding": "utf-8", "complete": True}
    one = Examination(0, "done", "", "", {"tables": [table]}, "", 0, 0, 0)
    facts = Facts("dataset", dictionary=({"name": "a", "type": "string"},))
    return {
        each.dimension: [metric.method for metric in each.metrics]
        for each in score(facts, [one], 0).dimensions
    }


def _mean(metrics: list[Metric]) -> int | None:
    shares = [m.share_bps for m in metrics if m.share_bps is not None]
    return sum(shares) // len(shares) if shares else None


def _share(good: int, of: int) -> int | None:
    return FULL * good // of if of > 0 else None


def _tables(found: list[Examination]) -> list[dict[str, Any]]:
    return [table for one in found for table in one.tables]


def _columns(found: list[Examination]) -> list[dict[str, Any]]:
    return [column for table in _tables(found) for column in table["columns"]]


def _conformity(
    _facts: Facts, found: list[Examination], _at_us: int
) -> Iterator[Metric]:
    columns = _columns(found)
    filled = sum(column["filled"] for column in columns)
    misfits = sum(column["misfits"] for column in columns)
    yield Metric(
        *("conformity", "typed", _share(filled - misfits, filled), filled),
        N_("Filled cells that are of the type of their column, of all filled cells."),
    )
    padded = sum(column.get("padded", 0) for column in columns)
    texts = sum(c["filled"] for c in columns if "padded" in c)
    yield Metric(
        *("conformity", "trimmed", _share(texts - padded, texts), texts),
        N_("Texts without blanks at either end, of all texts."),
    )
    named = {"nameless_column", "repeated_column", "no_heading"}
    wrong = sum(p["code"] in named for one in found for p in one.problems)
    yield Metric(
        *("conformity", "named", _share(max(len(columns) - wrong, 0), len(columns))),
        len(columns),
        N_("Columns with a name of their own, of all columns."),
    )


def _completeness(
    facts: Facts, found: list[Examination], _at_us: int
) -> Iterator[Metric]:
    cells = sum(c["filled"] + c["nulls"] for c in _columns(found))
    filled = sum(c["filled"] for c in _columns(found))
    yield Metric(
        *("completeness", "filled", _share(filled, cells), cells),
        N_("Cells that are not empty, of all cells."),
    )
    rows = sum(table["examined"] + table["rejected"] for table in _tables(found))
    kept = sum(table["examined"] for table in _tables(found))
    yield Metric(
        *("completeness", "whole_rows", _share(kept, rows), rows),
        N_("Rows with as many fields as the heading, of all rows."),
    )
    columns = declared.described_by(facts.dictionary, _tables(found))
    if columns:
        said = {str(c["name"]) for c in facts.dictionary if c.get("zh") or c.get("en")}
        yield Metric(
            "completeness",
            "described",
            _share(len(said & columns.keys()), len(columns)),
            len(columns),
            N_("Columns that the data dictionary explains, of all columns."),
        )


def _accuracy(_facts: Facts, found: list[Examination], _at_us: int) -> Iterator[Metric]:
    numeric = [
        column["quantiles"]
        for column in _columns(found)
        if column["type"] in ("integer", "number") and column.get("quantiles")
    ]
    inside = sum(_inside(quantiles) for quantiles in numeric)
    every = sum(len(quantiles) for quantiles in numeric)
    yield Metric(
        *("accuracy", "plausible", _share(inside, every), every),
        N_(
            "Percentiles of number columns within three interquartile ranges of the"
            " quartiles, of all; a sign of slips, no proof of truth."
        ),
    )


def _inside(quantiles: list[float]) -> int:
    low, high = quantiles[len(quantiles) // 4], quantiles[3 * len(quantiles) // 4]
    reach = FENCE * (high - low)
    if not reach:  # nearly all are equal: the rest is rare, not wrong
        return len(quantiles)
    return sum(low - reach <= value <= high + reach for value in quantiles)


def _consistency(
    facts: Facts, found: list[Examination], _at_us: int
) -> Iterator[Metric]:
    rows = sum(table["examined"] for table in _tables(found))
    again = sum(table["duplicates"] for table in _tables(found))
    yield Metric(
        *("consistency", "unique_rows", _share(rows - again, rows), rows),
        N_("Rows that repeat no earlier row, of all rows."),
    )
    columns = declared.described_by(facts.dictionary, _tables(found))
    if columns is not None:
        said = len(facts.dictionary)
        wrong = len(declared.missing_columns(facts.dictionary, columns)) + len(
            declared.wrong_types(facts.dictionary, columns)
        )
        yield Metric(
            *("consistency", "as_declared", _share(said - wrong, said), said),
            N_(
                "Columns of the data dictionary that are there with their type, of all."
            ),
        )


def _timeliness(facts: Facts, found: list[Examination], at_us: int) -> Iterator[Metric]:
    interval = INTERVAL_DAYS.get(facts.updates or "")
    _, last = declared.covered(_tables(found))
    if interval is None or not last:
        share = None
    else:
        age = (moment(at_us).date() - _day(last)).days
        share = FULL if age <= 2 * interval else FULL * 2 * interval // age
    yield Metric(
        *("timeliness", "fresh", share, len(_tables(found))),
        N_(
            "Two declared update intervals, divided by the age of the newest date on"
            " the day of the release; at most one."
        ),
    )


def _day(text: str) -> date:
    return date.fromisoformat(f"{text}-01"[:10] if len(text) == 7 else text[:10])


def _accessibility(
    _facts: Facts, found: list[Examination], _at_us: int
) -> Iterator[Metric]:
    read = sum(one.state == "done" for one in found)
    yield Metric(
        *("accessibility", "readable", _share(read, len(found)), len(found)),
        N_("Files that could be read to the end, of all files."),
    )
    formats = [table["format"] for table in _tables(found)]
    is_open = sum(one in OPEN for one in formats)
    yield Metric(
        *("accessibility", "open_format", _share(is_open, len(formats)), len(formats)),
        N_("Tables in an open format, of all tables."),
    )
    encodings = [table["encoding"] for table in _tables(found) if table["encoding"]]
    unicode = sum(one.startswith("utf-8") for one in encodings)
    yield Metric(
        *("accessibility", "unicode", _share(unicode, len(encodings)), len(encodings)),
        N_("Texts in UTF-8, of all texts."),
    )


_Rule = Callable[[Facts, list[Examination], int], Iterator[Metric]]
_RULES: tuple[_Rule, ...] = (
    *(_conformity, _completeness, _accuracy),
    *(_consistency, _timeliness, _accessibility),
)
