"""Orders: instructions to buy or sell, what they may become, and why they end."""

from dataclasses import dataclass
from enum import StrEnum

from settlement.errors import Refusal
from settlement.states import Machine

PRICE_MAX = 10**12  # in minor units per unit of quantity
QUANTITY_MAX = 1_000_000_000
VALUE_MAX = (
    10**15
)  # price times quantity, in minor units; the money module's AMOUNT_MAX


class Side(StrEnum):
    """Which way an order trades: a bid buys, an offer sells."""

    BUY = "buy"
    SELL = "sell"


class TimeInForce(StrEnum):
    """How long an order waits: till cancelled, not at all (IOC, FOK), till a date."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    FILL_SOME = "fill_some"
    FILL_REST = "fill_rest"
    CANCEL = "cancel"
    EXPIRE = "expire"


ORDER = Machine(
    "order",
    {
        (OrderState.OPEN, OrderEvent.FILL_SOME): OrderState.PARTIAL,
        (OrderState.OPEN, OrderEvent.FILL_REST): OrderState.FILLED,
        (OrderState.OPEN, OrderEvent.CANCEL): OrderState.CANCELLED,
        (OrderState.OPEN, OrderEvent.EXPIRE): OrderState.EXPIRED,
        (OrderState.PARTIAL, OrderEvent.FILL_SOME): OrderState.PARTIAL,
        (OrderState.PARTIAL, OrderEvent.FILL_REST): OrderState.FILLED,
        (OrderState.PARTIAL, OrderEvent.CANCEL): OrderState.CANCELLED,
        (OrderState.PARTIAL, OrderEvent.EXPIRE): OrderState.EXPIRED,
    },
)

# An enum member costs a slow look-up on its class; the core reads these names instead.
BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK, GTD = TimeInForce
OPEN, PARTIAL = OrderState.OPEN, OrderState.PARTIAL
FILL_SOME, FILL_REST, CANCEL, EXPIRE = OrderEvent


class Reason(StrEnum):
    """Why what was left of an order ended without a trade."""

    REQUESTED = "requested"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE = "self_trade"
    DELISTED = "delisted"
    SUSPENDED = "suspended"
    AUDIENCE = "audience"  # the vendor lets the member trade it no longer
    CONSENT = "consent"  # the vendor's consent to its purpose ended
    RIGHT_ENDED = "right_ended"
    ABOVE_CEILING = "above_ceiling"
    SOLD_OUT = "sold_out"  # another buyer has got a right that excludes it
    REPLACED = "replaced"  # by a newer offer of the same exclusive right
    STOPPED = "stopped"
    PRICE_BAND = "price_band"  # a market order came to the edge of the band
    AMENDED = "amended"  # a new order with another price or quantity stands for it
    EXPIRED = "expired"


@dataclass(eq=False)
class WouldTake(Refusal):
    """A post-only order would trade at once, so it was not placed."""

    price: int  # of the order it would have met


class Order:
    """One order, as it stands now.

    *price* is in minor units per unit of quantity; None is a market order. *quantity*
    is what is wanted in all and *remaining* what is not yet traded; after a cancel or
    an expiry *remaining* tells what was never traded. An *evergreen* offer is a
    vendor's posted price: it does not run out, so no trade reduces it. *ahead* and
    *behind* are its neighbours in the book's queue, which alone may touch them.
    """

    __slots__ = (
        "ahead",
        "behind",
        "evergreen",
        "expires_us",
        "id",
        "instrument",
        "member",
        "placed_seq",
        "post_only",
        "price",
        "purpose",
        "quantity",
        "remaining",
        "side",
        "state",
        "time_in_force",
    )
    ahead: "Order | None"
    behind: "Order | None"

    def __init__(
        self,
        id: int,  # noqa: A002 - the field's name everywhere else
        member: int,
        instrument: int,
        side: Side,
        price: int | None,
        quantity: int,
        time_in_force: TimeInForce = GTC,
        expires_us: int | None = None,
        evergreen: bool = False,
        post_only: bool = False,
        purpose: str | None = None,
        state: OrderState = OPEN,
        remaining: int | None = None,
        placed_seq: int = 0,
    ) -> None:
        """Make an order; *remaining* and *state* are given when it is read back."""
        self.id = id
        self.member = member
        self.instrument = instrument
        self.side = side
        self.price = price
        self.quantity = quantity
        self.remaining = quantity if remaining is None else remaining
        self.time_in_force = time_in_force
        self.expires_us = expires_us
        self.evergreen = evergreen
        self.post_only = post_only
        self.purpose = purpose
        self.state = state
        self.placed_seq = placed_seq

    def __repr__(self) -> str:
        """Show what a failed assertion needs to tell."""
        price = "market" if self.price is None else self.price
        return (
            f"<Order {self.id}: member {self.member} {self.side.value}s "
            f"{self.remaining}/{self.quantity} @ {price} "
            f"{self.time_in_force.value} {self.state.value}>"
        )

    def fill(self, quantity: int) -> None:
        """Take *quantity* off the order; the state follows from what remains."""
        if self.evergreen:
            return
        assert 0 < quantity <= self.remaining, (self, quantity)
        self.remaining -= quantity
        event = FILL_SOME if self.remaining else FILL_REST
        self.state = ORDER.after(self.state, event)

    def cancel(self) -> None:
        """End the order; *remaining* keeps what was not traded."""
        self.state = ORDER.after(self.state, CANCEL)

    def expire(self) -> None:
        """End the order because its time is over; *remaining* is kept."""
        self.state = ORDER.after(self.state, EXPIRE)

    def reduce(self, by: int) -> None:
        """Want *by* less, in all and of what remains; priority is kept.

        Whoever wants nothing more cancels: *by* is less than what remains.
        """
        assert 0 < by < self.remaining, (self, by)
        self.quantity -= by
        self.remaining -= by
