"""What a buyer would pay: for a purpose, so many seats, so much use. Exact, no promise.

The price in the book is for the right; a plan charges its use on top, period by period
(see `listings.plans`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from listings.consents import on_request
from listings.instruments import Instrument
from listings.plans import METERED, PER_SEAT, Bill, charge
from marketplace.trading.reads import Best

SEATS_MAX = 100_000
UNITS_MAX = 1_000_000_000  # of use in one period, as typed


class Wanted(NamedTuple):
    """What the buyer declares: a purpose, and how many use it how much."""

    purpose: str = ""  # empty: not said
    seats: int = 1
    units: int = 0  # calls, hits or records in one period


class Cost(NamedTuple):
    """What one instrument costs for what is wanted; amounts in minor units."""

    unit: Instrument
    permitted: bool  # for the declared purpose
    on_request: bool  # that purpose needs the vendor's word
    price: int | None  # the best offer; None: nobody offers
    quantity: int  # units of the right that are to be bought
    right: int | None  # price × quantity
    bill: Bill | None  # use in one period, if it is charged

    @property
    def total(self) -> int | None:
        """Return what right and first period cost together; None without an offer."""
        if self.right is None:
            return None
        return self.right + (self.bill.total if self.bill else 0)


def costs(
    units: Iterable[Instrument],
    best: Mapping[int, Best],
    wanted: Wanted,
    agreed: Collection[str] = (),
) -> list[Cost]:
    """Return the cost of each instrument, the cheapest permitted one first.

    *agreed* are the purposes on request that the vendor agreed to for this buyer.
    """
    found = [_cost(unit, best, wanted, agreed) for unit in units]
    return sorted(
        found,
        key=lambda cost: (
            not cost.permitted,
            cost.total is None,
            cost.total or 0,
            cost.unit.id,
        ),
    )


def _cost(
    unit: Instrument, best: Mapping[int, Best], wanted: Wanted, agreed: Collection[str]
) -> Cost:
    purpose = wanted.purpose
    asked = on_request(unit)
    free = not (unit.purposes and purpose) or purpose in unit.purposes
    price = best[unit.id].offer if unit.id in best else None
    each = unit.plan.seats if unit.plan else 1
    quantity = -(-wanted.seats // each) if unit.mode == PER_SEAT else 1
    quantity = -(-quantity // unit.lot) * unit.lot
    metered = unit.plan is not None and unit.mode in METERED
    return Cost(
        unit,
        free or (purpose in asked and purpose in agreed),
        purpose in asked,
        price,
        quantity,
        None if price is None else price * quantity,
        charge(unit.plan, wanted.units) if unit.plan and metered else None,
    )
