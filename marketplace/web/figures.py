"""Figures of the market, asked of the warehouse once in a while for all visitors."""

from collections.abc import Iterable
from functools import lru_cache

from marketplace.disclosed import ask_publicly
from marketplace.services import Services, services
from settlement import clock
from settlement.statistics.questions import Figures, checked, question

FRESH_US = 10 * clock.SECOND_US  # the tape itself follows the market by a minute
KEPT_MAX = 64  # answers


def figures(
    code: str, *, by: Iterable[str] | None = None, **parameters: int | str
) -> Figures:
    """Return the public answer to question *code*, at most FRESH_US old."""
    asked = question(code)
    wanted = asked.by if by is None else checked(asked, by)
    era = clock.now_us() // FRESH_US
    return _answer(services(), code, wanted, tuple(sorted(parameters.items())), era)


@lru_cache(KEPT_MAX)
def _answer(
    parts: Services,
    code: str,
    by: tuple[str, ...],
    parameters: tuple[tuple[str, int | str], ...],
    _era: int,
) -> Figures:
    return ask_publicly(parts, code, by=by, **dict(parameters))
