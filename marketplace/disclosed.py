"""Figures as the public reads them: what is hidden counts, but is not named."""

from collections.abc import Iterable

from listings import visibility
from marketplace.services import Services
from settlement import clock
from settlement.statistics.disclosure import guarded
from settlement.statistics.questions import Figures, ask, question

NAMING = ("symbol", "instrument")  # columns that say which product it is


def ask_publicly(
    parts: Services,
    code: str,
    *,
    by: Iterable[str] | None = None,
    **parameters: int | str,
) -> Figures:
    """Return the public answer to question *code*: see `questions.ask`.

    Small cells are withheld; rows of private products keep their place and their
    figures, without a name. Market data ends where the public tape does.
    """
    if "parties_min" in question(code).parameters:
        rule = parts.config.tape
        until_us = clock.now_us() - rule.delay_us
        parameters = {"until_us": until_us, "parties_min": rule.parties, **parameters}
    found = guarded(parts.warehouse, ask(parts.warehouse, code, by=by, **parameters))
    if "instrument" not in found.columns:
        return found
    with parts.reads.connect() as db:
        hidden = visibility.hidden_instruments(db)
    return found._replace(rows=[_unnamed(found, row, hidden) for row in found.rows])


def _unnamed(
    found: Figures, row: tuple[object, ...], hidden: frozenset[int]
) -> tuple[object, ...]:
    values = dict(zip(found.columns, row, strict=True))
    if values["instrument"] not in hidden:
        return row
    return tuple(None if name in NAMING else values[name] for name in found.columns)
