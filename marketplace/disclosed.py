"""Figures as the public reads them: published months, and market data as it is told."""

from collections.abc import Iterable

from listings import visibility
from marketplace.publishing import published
from marketplace.services import Services
from settlement import clock
from settlement.statistics.disclosure import guarded
from settlement.statistics.questions import LIVE, Figures, ask, question

NAMING = ("symbol", "instrument")  # columns that say which product it is


def ask_publicly(
    parts: Services,
    code: str,
    *,
    by: Iterable[str] | None = None,
    **parameters: int | str,
) -> Figures:
    """Return the public answer to question *code*: see `publishing.published`.

    Rows of private products keep their place and their figures, without a name. Market
    data is of this moment, and ends where the public tape does; so is a market that was
    made up, in which nobody can be given away.
    """
    asked = question(code)
    if asked.published == LIVE:
        rule = parts.config.tape
        until_us = clock.now_us() - rule.delay_us
        parameters = {"until_us": until_us, "parties_min": rule.parties, **parameters}
    with parts.reads.connect() as db:
        if asked.published == LIVE or parts.warehouse.manifest().simulated:
            live = ask(parts.warehouse, code, by=by, **parameters)
            found = guarded(parts.warehouse, live)
        else:
            found = published(db, code, by=by)
        if "instrument" not in found.columns:
            return found
        hidden = visibility.hidden_instruments(db)
    return found._replace(rows=[_unnamed(found, row, hidden) for row in found.rows])


def _unnamed(
    found: Figures, row: tuple[object, ...], hidden: frozenset[int]
) -> tuple[object, ...]:
    values = dict(zip(found.columns, row, strict=True))
    if values["instrument"] not in hidden:
        return row
    return tuple(None if name in NAMING else values[name] for name in found.columns)
