"""The trades whose money waits in escrow, by the number of the trade."""

from dataclasses import dataclass

from marketplace.trading.agenda import Agenda
from settlement.disputes import LIVE, Dispute
from settlement.entitlements import Entitlement
from settlement.errors import NotFound, Refusal
from settlement.escrows import OPEN, Escrow
from settlement.ids import encode


@dataclass(eq=False)
class NothingToAccept(Refusal):
    """There are not that many units delivered and not yet accepted."""

    units: int
    waiting: int


@dataclass(eq=False)
class NotSoMany(Refusal):
    """There are not that many units left to deliver."""

    units: int
    left: int


@dataclass(eq=False)
class NotYetDelivered(Refusal):
    """The vendor has not yet reported this as delivered; it cannot be downloaded."""

    delivered: int  # units


class NotInDispute(Refusal):
    """This trade is not one to object to now."""


class Disputes:
    """The disputes under way; ended ones live on in the records only."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; answers are due on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Dispute] = {}
        self.last = 0
        self.changed: dict[int, Dispute] = {}  # new ones too

    def restore(self, dispute: Dispute) -> None:
        """Take over a dispute under way, from the records."""
        self.live[dispute.number] = dispute
        self._agenda.put(dispute)

    def note(self, dispute: Dispute) -> None:
        """Say that a dispute is new or has changed; one that has ended is dropped."""
        self.changed[dispute.number] = dispute
        self.last = max(self.last, dispute.number)
        if dispute.state in LIVE:
            self.live[dispute.number] = dispute
        else:
            del self.live[dispute.number]
        self._agenda.put(dispute)

    def of_trade(self, trade: int | None) -> Dispute | None:
        """Return the dispute under way over a trade, if there is one."""
        live = self.live.values()
        return next((one for one in live if one.trade == trade), None)

    def get(self, number: int) -> Dispute:
        """Return a dispute under way; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("dispute", encode("dispute", max(0, number)))
        return found


class Escrows:
    """The open escrows; ended ones live on in the records only."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; delivery and acceptance are due on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Escrow] = {}
        self.changed: dict[int, Escrow] = {}  # new ones too
        self.not_whole: set[int] = set()  # trades that ended otherwise than paid whole

    def restore(self, escrow: Escrow) -> None:
        """Take over an open escrow, from the records."""
        self.live[escrow.number] = escrow
        self._agenda.put(escrow)

    def note(self, escrow: Escrow) -> None:
        """Say that an escrow is new or has changed; one that has ended is dropped."""
        self.changed[escrow.number] = escrow
        if escrow.state in OPEN:
            self.live[escrow.number] = escrow
        else:
            escrow.deliver_by_us = escrow.accept_by_us = None
            del self.live[escrow.number]
            if escrow.refunded:
                self.not_whole.add(escrow.number)
        self._agenda.put(escrow)

    def check_delivered(self, right: Entitlement) -> None:
        """Refuse a download of units that the vendor has still to deliver."""
        escrow = self.live.get(right.trade or 0)
        if escrow is None or not escrow.undelivered:
            return
        if escrow.stages and escrow.delivered:
            return  # stages are no shares of the files
        most, units = right.deliveries_max, right.quantity
        used_up = most is not None and (
            (right.deliveries + 1) * units > most * escrow.delivered
        )
        if used_up or not escrow.delivered:
            raise NotYetDelivered(escrow.delivered)

    def get(self, trade: int, *parties: int) -> Escrow:
        """Return the open escrow of a trade; NotFound unless *parties* are its own.

        *parties* are compared with (buyer, seller), 0 standing for anybody.
        """
        found = self.live.get(trade)
        if found is not None:
            own = (found.trade.buyer, found.trade.seller)
            if all(not p or p == o for p, o in zip(parties, own, strict=False)):
                return found
        raise NotFound("trade", encode("trade", max(0, trade)))
