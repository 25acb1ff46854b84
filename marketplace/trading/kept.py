"""Posted prices that rose a moment ago: who has seen the lower one still gets it.

A posted price is an order, so its number is the id of the quote that a page shows. When
the vendor puts up a higher one and takes the lower down, that is kept for KEPT_US more:
an order that names it buys at it. So no price rises between looking and paying
(reliability, attack 20), for nobody: all who have seen the same page pay the same.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.trading.agenda import Agenda
from marketplace.trading.orders import BUY, SELL, Order
from marketplace.trading.stops import is_barred
from marketplace.trading.timetable import MINUTE_US
from settlement.errors import Refusal

if TYPE_CHECKING:
    from marketplace.trading.commands import Line
    from marketplace.trading.market import Market
    from marketplace.trading.venue import Venue

KEPT_US = 10 * MINUTE_US  # how long a page's price holds at least


@dataclass(eq=False)
class QuoteOver(Refusal):
    """The price that you have seen holds no more; look at the listing again."""


@dataclass(slots=True, eq=False)
class Kept:
    """A posted price that was raised, in the order of the table's columns."""

    number: int  # of the order that posted it
    seq: int
    instrument: int
    vendor: int
    price: int  # minor units per unit
    until_us: int
    live: bool = True

    rank = 3  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it is kept no more; None once it is not."""
        return self.until_us if self.live else None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.instrument, self.vendor, self.price,
            self.until_us, int(self.live),
        )  # fmt: skip


class KeptPrices:
    """The posted prices that are kept now, by the number of the posted order."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; their time ends on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Kept] = {}
        self.changed: dict[int, Kept] = {}

    def put(self, kept: Kept) -> None:
        """Keep a price; also from the records."""
        self.live[kept.number] = kept
        self._agenda.put(kept)

    def keep(self, order: Order, best: Order | None, seq: int, at_us: int) -> None:
        """Keep a posted price that was taken down for a higher one of its vendor.

        *best* is what the book offers now.
        """
        if not order.evergreen or best is None or not best.evergreen:
            return
        assert order.price is not None, order
        assert best.price is not None, best
        if best.member == order.member and best.price > order.price:
            kept = Kept(
                order.id, seq, order.instrument, order.member, order.price,
                at_us + KEPT_US,
            )  # fmt: skip
            self.put(kept)
            self.changed[kept.number] = kept

    def drop(self, kept: Kept) -> None:
        """Keep a price no longer: its time is over."""
        kept.live = False
        self.changed[kept.number] = kept
        self._agenda.put(kept)
        del self.live[kept.number]


def seller(
    market: "Market", line: "Line", venue: "Venue", member: int, at_us: int
) -> Order | None:
    """Return the posted order that *line* saw, if it is kept and now the better price.

    None: the book serves the order. QuoteOver if it would find nothing there and what
    it saw is kept no more.
    """
    if line.quote is None or line.side != BUY or venue.call is not None:
        return None
    kept, best = market.kept.live.get(line.quote), venue.book.best(SELL)
    asks = None if best is None else best.price
    if kept is None or kept.instrument != venue.instrument or kept.until_us <= at_us:
        if asks is None or line.price is None or asks > line.price:
            raise QuoteOver
        return None
    if asks is not None and asks <= kept.price:
        return None
    if line.price is None or line.price < kept.price or member == kept.vendor:
        return None  # a market order's cover is what the book asks, not this
    if kept.vendor not in market.verified or is_barred(market, kept.vendor):
        return None
    return Order(
        kept.number, kept.vendor, kept.instrument, SELL, kept.price, venue.lot,
        evergreen=True,
    )  # fmt: skip
