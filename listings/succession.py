"""Whether one instrument stands for another: whose price binds the price of which.

A price that may rise only after a notice could else be raised at once, by taking the
instrument off the market and listing the same right under another symbol.
"""

from listings.instruments import Instrument
from listings.licences import Terms
from listings.vocabulary import CHINA, PROVINCES, WORLD


def cap(new: Instrument, old: Instrument, price: int) -> int | None:
    """Return what *new* may cost where *old* costs *price* (minor units), or None.

    None: they are charged otherwise, or the new right gives something that the old one
    does not. A longer term or a larger quota may cost more in proportion.
    """
    alike = new.mode == old.mode and new.currency == old.currency
    if not (alike and _no_wider(new, old)):
        return None
    most = price
    for more, less in (
        (new.term_days, old.term_days),
        (new.deliveries_max, old.deliveries_max),
    ):
        if more is None and less is not None:
            return None
        if more is not None and less is not None and more > less:
            most = most * more // less
    return most


def _no_wider(new: Instrument, old: Instrument) -> bool:
    """Tell whether the licence of *new* gives nothing that that of *old* does not."""
    if new.licence.code == old.licence.code:
        return True
    said, before = new.licence.terms, old.licence.terms
    if said is None or before is None or new.exclusive != old.exclusive:
        return False
    return (
        set(said.uses) <= set(before.uses)
        and (not before.purposes or set(_purposes(said)) <= set(before.purposes))
        and before.field in (None, said.field)
        and _inside(said.territory, before.territory)
    )


def _purposes(terms: Terms) -> tuple[str, ...]:
    return terms.purposes or ("any",)


def _inside(region: str, of: str) -> bool:
    """Tell whether *region* lies in another, by their codes."""
    return of in (WORLD, region) or (of == CHINA and region in PROVINCES)
