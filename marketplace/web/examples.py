"""Help on the call auction: the rule, and examples worked by the code itself."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import render_template
from flask.typing import ResponseReturnValue

from listings.marking import N_
from marketplace.trading.auction import ENDLESS, Indication, Step, determine
from marketplace.web.guide import bp


class Row(NamedTuple):
    """One candidate price: what is wanted and offered there, what trades."""

    price: int
    demand: int
    supply: int | None  # None: endless
    volume: int
    surplus: int | None  # of bids; below zero of offers


class Example(NamedTuple):
    """A book that a call has collected, and what the rule makes of it."""

    title: str
    bids: Sequence[Step]
    offers: Sequence[Step]
    reference: int
    tick: int = 1

    @property
    def outcome(self) -> Indication:
        """Return what the exchange's own code chooses."""
        return determine(self.bids, self.offers, self.reference, self.tick)

    @property
    def rows(self) -> list[Row]:
        """Return every candidate, the highest first."""
        limits = [s.price for s in (*self.bids, *self.offers) if s.price is not None]
        ticks = range(min(limits), max(limits) + 1, self.tick) if limits else ()
        return [self._row(price) for price in reversed(ticks or (self.reference,))]

    def _row(self, price: int) -> Row:
        demand = sum(
            s.quantity for s in self.bids if s.price is None or s.price >= price
        )
        supply = sum(
            s.quantity for s in self.offers if s.price is None or s.price <= price
        )
        if supply >= ENDLESS:
            return Row(price, demand, None, demand, None)
        return Row(price, demand, supply, min(demand, supply), demand - supply)


EXAMPLES = (
    Example(
        N_("The price at which most trades"),
        (Step(105, 30), Step(103, 20)),
        (Step(102, 25), Step(103, 20), Step(105, 40)),
        104,
    ),
    Example(
        N_("Then the least surplus"),
        (Step(104, 40), Step(102, 15)),
        (Step(101, 40), Step(103, 10)),
        103,
    ),
    Example(
        N_("A surplus of bids: the highest"),
        (Step(104, 50),),
        (Step(101, 30),),
        102,
    ),
    Example(
        N_("A surplus of offers: the lowest"),
        (Step(104, 30),),
        (Step(101, 50),),
        103,
    ),
    Example(
        N_("No pressure: the nearest to the reference price"),
        (Step(104, 30),),
        (Step(101, 30),),
        102,
    ),
    Example(
        N_("Two equally near: the higher"),
        (Step(106, 30),),
        (Step(100, 30),),
        103,
        2,
    ),
    Example(
        N_("Market orders on both sides and no limit: the reference price"),
        (Step(None, 30),),
        (Step(None, 20),),
        103,
    ),
    Example(
        N_("A posted price is endless: nobody pays more"),
        (Step(104, 30), Step(103, 10)),
        (Step(101, ENDLESS),),
        104,
    ),
)


@bp.get("/auction")
def auction() -> ResponseReturnValue:
    """Show the rule of the call auction with worked examples."""
    return render_template("help/auction.html", examples=EXAMPLES, endless=ENDLESS)
