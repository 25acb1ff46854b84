"""Drift between two releases: columns that came or went, and shifted distributions.

PSI = Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over shares e of the former and a of the new release;
for numbers and dates the bins are the former release's deciles, for values in common
lists the values. Empty bins count as 0.0001. Below 0.1 nothing is said to have moved,
from 0.25 on much (Siddiqi, Credit Risk Scorecards, 2006).
KS = max |F(x) − G(x)| over the percentiles of both. Both are computed from the stored
profiles: 101 percentiles or up to 50 values of each column, not from the rows again.
"""

from bisect import bisect_left, bisect_right
from math import log
from typing import Any, NamedTuple

from settlement.clock import SECOND_US, moment

SLIGHT, GREAT = 0.1, 0.25
LEAST = 0.0001
DECILES = range(10, 100, 10)
DIGITS = 4
SHOWN_MAX = 12  # bins or values of a column that are kept to be shown
FULL = 10_000  # basis points


class Shift(NamedTuple):
    """How far one column moved."""

    column: str
    psi: float
    ks: float | None  # of ordered columns
    grade: str  # none, slight, great
    shares: list[tuple[str, int, int]]  # bin or value, basis points before and now


class Drift(NamedTuple):
    """What changed from the former release to the new one, of one table."""

    table: str
    rows_before: int
    rows: int
    added: list[str]
    removed: list[str]
    retyped: list[tuple[str, str, str]]  # column, type before, type now
    shifts: list[Shift]


def drift(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Drift]:
    """Return the drift of each table that both releases have, by name or by place."""
    by_name = {table["name"]: table for table in before}
    pairs = [
        (by_name.get(table["name"]) or _at(before, place, after), table)
        for place, table in enumerate(after)
    ]
    return [_drift(former, table) for former, table in pairs if former]


def _at(
    before: list[dict[str, Any]], place: int, after: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the table at the same place, if files were only renamed."""
    return before[place] if len(before) == len(after) else None


def _drift(before: dict[str, Any], after: dict[str, Any]) -> Drift:
    old = {column["name"]: column for column in before["columns"]}
    new = {column["name"]: column for column in after["columns"]}
    both = [name for name in new if name in old]
    shifts = [_shift(name, old[name], new[name]) for name in both]
    return Drift(
        after["name"],
        before["rows"],
        after["rows"],
        [name for name in new if name not in old],
        [name for name in old if name not in new],
        [
            (name, old[name]["type"], new[name]["type"])
            for name in both
            if old[name]["type"] != new[name]["type"]
        ],
        sorted((s for s in shifts if s), key=lambda shift: -shift.psi),
    )


def _shift(name: str, old: dict[str, Any], new: dict[str, Any]) -> Shift | None:
    ks = None
    if old.get("quantiles") and new.get("quantiles"):
        p, q = old["quantiles"], new["quantiles"]
        ks = round(max(abs(_below(p, x) - _below(q, x)) for x in (*p, *q)), DIGITS)
    listed = old.get("top") and new.get("top")
    if listed and max(old["distinct"], new["distinct"]) <= len(
        max(old["top"], new["top"], key=len)
    ):
        labels, before, after = _by_value(old, new)
    elif ks is not None:
        edges = sorted({old["quantiles"][place] for place in DECILES})
        before, after = (_by_bin(c["quantiles"], edges) for c in (old, new))
        labels = _bins(edges, old["type"])
    else:
        return None
    index = _psi(before, after)
    grade = "great" if index >= GREAT else "slight" if index >= SLIGHT else "none"
    shares = [
        (label, round(e * FULL), round(a * FULL))
        for label, e, a in zip(labels, before, after, strict=True)
    ]
    return Shift(name, round(index, DIGITS), ks, grade, shares[:SHOWN_MAX])


def _bins(edges: list[float], kind: str) -> list[str]:
    """Return what each bin is called: up to an edge, and above the last."""
    dated = kind in ("date", "month", "datetime")
    called = [
        f"{moment(int(edge) * SECOND_US):%Y-%m-%d}" if dated else f"{edge:.6g}"
        for edge in edges
    ]
    return [*(f"≤ {edge}" for edge in called), f"> {called[-1]}"]


def _psi(expected: list[float], actual: list[float]) -> float:
    pairs = zip(expected, actual, strict=True)
    shares = [(max(e, LEAST), max(a, LEAST)) for e, a in pairs]
    return sum((a - e) * log(a / e) for e, a in shares)


def _by_value(
    old: dict[str, Any], new: dict[str, Any]
) -> tuple[list[str], list[float], list[float]]:
    before, after = dict(old["top"]), dict(new["top"])
    most = {v: max(before.get(v, 0), after.get(v, 0)) for v in (*before, *after)}
    values = sorted(most, key=lambda value: (-most[value], str(value)))
    return (
        [str(value) for value in values],
        [before.get(value, 0) / max(old["filled"], 1) for value in values],
        [after.get(value, 0) / max(new["filled"], 1) for value in values],
    )


def _by_bin(quantiles: list[float], edges: list[float]) -> list[float]:
    """Return the share of each bin up to and including its edge, and of the rest."""
    below = [_below(quantiles, edge) for edge in edges]
    return [b - a for a, b in zip([0.0, *below], [*below, 1.0], strict=True)]


def _below(quantiles: list[float], value: float) -> float:
    """Return the share of values up to *value*, read off the percentiles."""
    right = bisect_right(quantiles, value)
    if right == 0:
        return 0.0
    if right == len(quantiles):
        return 1.0
    left = bisect_left(quantiles, value)
    if left < right:  # exactly a percentile: the last one that is equal
        return (right - 1) / (len(quantiles) - 1)
    low, high = quantiles[right - 1], quantiles[right]
    part = (value - low) / (high - low)
    return (right - 1 + part) / (len(quantiles) - 1)
