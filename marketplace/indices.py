"""The indices of the market, from the weeks that the public tape has told."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from marketplace.services import Services
from settlement import clock
from settlement.statistics.indices import (
    Constituent,
    Level,
    Weight,
    chained,
    weekly,
    weights,
)
from settlement.statistics.questions import Figures, ask

WHOLE = ""  # the group of all
SHOWN_MAX = 50  # constituents
GROUPS_MAX = 12


class Indices(NamedTuple):
    """The levels of the whole market and of each group, and what they are made of."""

    figures: Figures
    levels: Mapping[str, list[Level]]
    weeks: Mapping[int, Mapping[int, Constituent]]  # of the whole market
    symbols: Mapping[int, str]


def index_of(parts: Services, currency: str, by: str) -> Indices:
    """Return the indices of a currency, told apart *by* class or sector."""
    rule = parts.config.tape
    until_us = clock.now_us() - rule.delay_us
    found = ask(
        parts.warehouse,
        "s15_constituents",
        until_us=until_us,
        parties_min=rule.parties,
    )
    rows: list[dict[str, Any]] = [
        dict(zip(found.columns, row, strict=True)) for row in found.rows
    ]
    mine = [row for row in rows if row["currency"] == currency]
    whole = weekly(mine).get((), {})
    groups = weekly(mine, (by,))
    levels = {WHOLE: chained(whole)} if whole else {}
    for (code,), weeks in sorted(groups.items())[:GROUPS_MAX]:
        levels[code] = chained(weeks)
    symbols = {row["instrument"]: row["symbol"] for row in mine}
    return Indices(found, levels, whole, symbols)


def newest_weights(
    found: Indices, hidden: Collection[int]
) -> list[tuple[Weight, str | None]]:
    """Return the constituents of the newest week with their symbols; *hidden* none."""
    weeks = sorted(found.weeks)
    if not weeks:
        return []
    before = found.weeks[weeks[-2]] if len(weeks) > 1 else {}
    return [
        (one, None if one.instrument in hidden else found.symbols[one.instrument])
        for one in weights(before, found.weeks[weeks[-1]])[:SHOWN_MAX]
    ]
