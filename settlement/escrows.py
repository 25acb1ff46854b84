"""Escrow: the buyer's money waits with the trade until what it pays for is accepted.

Duties come in the order delivery, acceptance, payment (model contract of the NDA and
SAMR, 2025: 交付 → 验收 → 付款). Use is no acceptance: a download moves nothing here.
"""

from dataclasses import dataclass
from enum import StrEnum

from settlement.canonical import canonical
from settlement.clearing import Trade
from settlement.fees import Rate
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer
from settlement.states import Machine


class TradeState(StrEnum):
    """Where a trade stands."""

    MATCHED = "matched"
    DUE = "due"
    ESCROWED = "escrowed"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    SETTLED = "settled"
    UNWOUND = "unwound"


class TradeEvent(StrEnum):
    """What can happen to a trade."""

    SETTLE = "settle"
    DEFER = "defer"
    ESCROW = "escrow"
    DELIVER = "deliver"
    ACCEPT = "accept"
    LAPSE = "lapse"
    FAIL = "fail"
    RETURN = "return"
    DISPUTE = "dispute"
    UPHOLD = "uphold"
    REJECT = "reject"


_S, _E = TradeState, TradeEvent
TRADE = Machine(
    "trade",
    {
        (_S.MATCHED, _E.SETTLE): _S.SETTLED,  # in the same batch
        (_S.MATCHED, _E.ESCROW): _S.ESCROWED,
        (_S.MATCHED, _E.DEFER): _S.DUE,  # until a netting run
        (_S.DUE, _E.SETTLE): _S.SETTLED,
        (_S.DUE, _E.FAIL): _S.UNWOUND,  # the buyer is in default
        (_S.ESCROWED, _E.DELIVER): _S.DELIVERED,
        (_S.ESCROWED, _E.FAIL): _S.UNWOUND,  # nothing was delivered in time
        (_S.ESCROWED, _E.RETURN): _S.UNWOUND,  # by the vendor
        (_S.ESCROWED, _E.SETTLE): _S.SETTLED,  # the rest, of what was paid in part
        (_S.ESCROWED, _E.DISPUTE): _S.DISPUTED,
        (_S.DELIVERED, _E.RETURN): _S.UNWOUND,
        (_S.DELIVERED, _E.SETTLE): _S.SETTLED,
        (_S.DELIVERED, _E.ACCEPT): _S.SETTLED,
        (_S.DELIVERED, _E.LAPSE): _S.SETTLED,
        (_S.DELIVERED, _E.DISPUTE): _S.DISPUTED,
        (_S.DISPUTED, _E.UPHOLD): _S.UNWOUND,  # nothing is paid
        (_S.DISPUTED, _E.REJECT): _S.SETTLED,  # all or a part is paid
    },
)
OPEN = (TradeState.ESCROWED, TradeState.DELIVERED, TradeState.DISPUTED)


@dataclass(slots=True, eq=False)
class Escrow:
    """One trade whose money waits; amounts in minor units, the rest in units.

    What is *released* went to the seller, who bears the *fee* out of it; what is
    *refunded* went back to the buyer, for the units *returned* or by a decision.
    Of a contract in *stages* these take the place of the units, in their order.
    """

    trade: Trade  # as it was struck; where it stands now is in `state`
    right: int
    schedule: int  # version of the fees, frozen
    rule: int  # and its rule
    days: int  # working days that the buyer has
    state: TradeState
    delivered: int = 0
    accepted: int = 0
    returned: int = 0
    released: int = 0
    refunded: int = 0
    fee: int = 0
    deliver_by_us: int | None = None
    accept_by_us: int | None = None
    stages: tuple[tuple[int, int], ...] = ()  # (amount, to be delivered by)
    cancel_asked: int = 0  # the member that asks to end it; 0: nobody

    rank = 2  # on the agenda

    @property
    def number(self) -> int:
        """Return the number of the trade, by which it is known."""
        return self.trade.number

    @property
    def due_us(self) -> int | None:
        """Return when something happens by itself; None: not before somebody acts."""
        times = [t for t in (self.deliver_by_us, self.accept_by_us) if t is not None]
        return min(times, default=None)

    @property
    def left(self) -> int:
        """Return the money that waits."""
        return self.trade.price * self.trade.quantity - self.released - self.refunded

    @property
    def steps(self) -> int:
        """Return in how many units or stages it is delivered and paid."""
        return len(self.stages) or self.trade.quantity

    def worth(self, first: int, count: int) -> int:
        """Return the price of *count* units or stages from number *first*."""
        if self.stages:
            return sum(amount for amount, _ in self.stages[first : first + count])
        return self.trade.price * count

    @property
    def undelivered(self) -> int:
        """Return how many units or stages are still to be delivered."""
        return self.steps - self.returned - self.delivered

    @property
    def unaccepted(self) -> int:
        """Return how many delivered units wait for the buyer."""
        return self.delivered - self.accepted

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.right, self.schedule, self.rule, self.days,
            self.delivered, self.accepted, self.returned, self.released,
            self.refunded, self.fee, self.deliver_by_us, self.accept_by_us,
            canonical(self.stages), self.cancel_asked,
        )  # fmt: skip


def release(ledger: Ledger, escrow: Escrow, amount: int, rate: Rate) -> list[Transfer]:
    """Return the transfers that give the seller *amount*, and the house its fee of it.

    The fee is of all that was released so far: cut in parts it comes to the same.
    """
    if not amount:
        return []
    trade, number = escrow.trade, ledger.number
    purse = number(trade.buyer, trade.currency, Pocket.ESCROW)
    proceeds = number(trade.seller, trade.currency, Pocket.FREE)
    fee = rate.fee(escrow.released + amount) - escrow.fee
    escrow.released += amount
    escrow.fee += fee
    moves = [Transfer(purse, proceeds, amount, "accepted", trade.number)]
    if fee:
        income = number(HOUSE, trade.currency, Pocket.FREE)
        moves.append(Transfer(proceeds, income, fee, "accepted_fee", trade.number))
    return moves


def give_back(ledger: Ledger, escrow: Escrow, amount: int) -> list[Transfer]:
    """Return the transfers that give the buyer *amount* back."""
    if not amount:
        return []
    trade, number = escrow.trade, ledger.number
    purse = number(trade.buyer, trade.currency, Pocket.ESCROW)
    free = number(trade.buyer, trade.currency, Pocket.FREE)
    escrow.refunded += amount
    return [Transfer(purse, free, amount, "escrow_back", trade.number)]
