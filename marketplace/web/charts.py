"""Charts: the figures of the statistics as the plain data that the script draws."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from settlement.clock import moment
from settlement.money import BY_CODE
from settlement.statistics.questions import Figures

Chart = dict[str, Any]


def records(figures: Figures) -> list[dict[str, Any]]:
    """Return the rows of *figures* by column name."""
    return [dict(zip(figures.columns, row, strict=True)) for row in figures.rows]


def in_currency(rows: Iterable[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Return the rows that are in *currency*, or that are in none."""
    return [row for row in rows if row.get("currency", currency) == currency]


def bars(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    label: str,
    measures: Mapping[str, str],
    places: int = 0,
    *,
    flat: bool = False,
) -> Chart:
    """Return bars of the *measures* (column → name) of *rows*, by column *label*.

    *flat* bars lie, one under the other: for labels that are names.
    """
    return {
        "kind": "bars",
        "flat": flat,
        "title": title,
        "places": places,
        "labels": [str(row[label]) for row in rows],
        "series": [
            {"name": name, "values": [row[column] for row in rows]}
            for column, name in measures.items()
        ],
    }


def lines(
    title: str, weeks: Sequence[int], series: Sequence[Mapping[str, Any]]
) -> Chart:
    """Return lines over *weeks*, moments at which they begin."""
    return {
        "kind": "lines",
        "scaled": True,
        "title": title,
        "places": 0,
        "labels": [f"{moment(week):%Y-%m-%d}" for week in weeks],
        "series": list(series),
    }


def candles(title: str, figures: Figures, currency: str, names: Chart) -> Chart:
    """Return a candle chart of the answer to the question ``candles``."""
    rows = records(figures)
    return {
        "kind": "candles",
        "title": title,
        "places": BY_CODE[currency].exponent,
        "names": names,
        "labels": [f"{moment(row['begins_us']):%Y-%m-%d}" for row in rows],
        "candles": [
            [row["open"], row["close"], row["low"], row["high"]] for row in rows
        ],
        "volumes": [row["volume"] for row in rows],
    }


def matrix(
    rows: Iterable[Mapping[str, Any]], down: str, across: str, measure: str
) -> dict[str, dict[str, Any]]:
    """Return down → across → measure; withheld cells are None."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row[down], {})[row[across]] = row[measure]
    return found


def heat(
    title: str,
    cells: Mapping[str, Mapping[str, Any]],
    across: Mapping[str, str],
    down: Mapping[str, str],
    places: int,
) -> Chart:
    """Return a heat map of a `matrix`; *across* and *down* name its codes."""
    return {
        "kind": "heat",
        "title": title,
        "places": places,
        "labels": list(across.values()),
        "rows": list(down.values()),
        "cells": [
            [x, y, cells.get(row, {}).get(column)]
            for y, row in enumerate(down)
            for x, column in enumerate(across)
        ],
    }
