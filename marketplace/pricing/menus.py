"""The lint of a product's menu: its posted prices as boxes of rights."""

from collections.abc import Iterable, Mapping

from listings.instruments import Instrument
from listings.licences import EXCLUSIVITY, PURPOSES, USES
from listings.menu import Item, Lint, lint
from listings.plans import METERED, PER_SEAT, SEATS_MAX, TRIAL
from listings.vocabulary import CHINA, PROVINCES, WORLD, regions


def of_menu(units: Iterable[Instrument], posted: Mapping[int, int]) -> Lint:
    """Return what the lint finds in each currency, together.

    Left out is what has no posted price, no terms as facts, a price that depends on
    use, or can be had once only (a trial).
    """
    menus: dict[int, list[Item]] = {}
    for unit in units:
        compared = unit.mode != TRIAL and not (unit.plan and unit.mode in METERED)
        if compared and unit.id in posted and unit.licence.terms is not None:
            item = _item(unit, posted[unit.id])
            menus.setdefault(unit.currency, []).append(item)
    found = [lint(menu) for menu in menus.values()]
    return Lint(
        tuple(finding for part in found for finding in part.findings),
        tuple(name for part in found for name in part.unsearched),
    )


def _item(unit: Instrument, price: int) -> Item:
    terms = unit.licence.terms
    assert terms is not None, unit
    volumes = (v for v in (unit.deliveries_max, terms.volume_max) if v is not None)
    days = (d for d in (unit.term_days, terms.term_days) if d is not None)
    return Item(
        unit.symbol,
        price,
        frozenset(terms.uses or USES),
        frozenset(unit.purposes or PURPOSES),
        territory(terms.territory),
        min(days, default=None),
        _seats(unit),
        min(volumes, default=None),
        (
            tuple(EXCLUSIVITY).index(terms.exclusivity),
            int(terms.field is None),
            int(unit.transferable),
            int(terms.retention == "keep"),
            ("none", "internal", "any").index(terms.derivation),
            int(not terms.attribution),
            int(not terms.share_alike),
        ),
    )


def _seats(unit: Instrument) -> int:
    """Return how many may use one unit; what is not sold by seats serves everybody."""
    if unit.mode != PER_SEAT:
        return SEATS_MAX
    return unit.plan.seats if unit.plan else 1


def territory(region: str) -> frozenset[str]:
    """Return the smallest regions of *region*: the world's countries, provinces."""
    if region == WORLD:
        return frozenset(regions()) - {WORLD, CHINA}
    return frozenset(PROVINCES) if region == CHINA else frozenset({region})
