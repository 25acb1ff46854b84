"""Payouts: held when asked for, approved by one person, paid by another."""

from enum import StrEnum

from settlement.errors import NotFound, OwnWork
from settlement.ids import encode
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer
from settlement.payments.desk import Desk
from settlement.states import Machine


class PayoutState(StrEnum):
    """Where a payout stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PayoutEvent(StrEnum):
    """What can happen to a payout."""

    APPROVE = "approve"
    SUBMIT = "submit"
    PAY = "pay"
    FAIL = "fail"
    CANCEL = "cancel"


_S, _E = PayoutState, PayoutEvent
PAYOUT = Machine(
    "payout",
    {
        (_S.REQUESTED, _E.APPROVE): _S.APPROVED,
        (_S.APPROVED, _E.SUBMIT): _S.SUBMITTED,
        (_S.SUBMITTED, _E.PAY): _S.PAID,
        (_S.REQUESTED, _E.FAIL): _S.FAILED,
        (_S.APPROVED, _E.FAIL): _S.FAILED,
        (_S.SUBMITTED, _E.FAIL): _S.FAILED,
        (_S.REQUESTED, _E.CANCEL): _S.CANCELLED,
    },
)


class Payout:
    """One payout that is not yet final."""

    __slots__ = (
        "amount", "approved_by", "at_us", "currency", "destination", "member",
        "number", "paid_by", "requested_by", "state",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        at_us: int,
        member: int,
        currency: int,
        amount: int,
        destination: str,
        requested_by: int,
        approved_by: int | None = None,
        paid_by: int | None = None,
        state: str = PayoutState.REQUESTED,
    ) -> None:
        """Take the values as they are; see the columns of the table."""
        self.number = number
        self.at_us = at_us
        self.member = member
        self.currency = currency
        self.amount = amount
        self.destination = destination
        self.requested_by = requested_by
        self.approved_by = approved_by
        self.paid_by = paid_by
        self.state = PayoutState(state)

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.at_us, self.member, self.currency, self.amount,
            self.destination, self.requested_by, self.approved_by, self.paid_by,
            str(self.state),
        )  # fmt: skip


class Payouts(Desk[Payout]):
    """The payouts under way; the money waits in the member's held pocket."""

    kind = "payout"
    final = frozenset({PayoutState.PAID, PayoutState.FAILED, PayoutState.CANCELLED})

    def request(self, ledger: Ledger, payout: Payout, seq: int) -> int:
        """Hold the money and open the payout; InsufficientBalance if it is not free."""
        ledger.require(payout.member, payout.currency, payout.amount)
        self._shift(ledger, payout, Pocket.FREE, Pocket.HELD, "payout_hold", seq)
        return self.open(payout, payout.requested_by, seq, payout.at_us)

    def approve(self, number: int, by: int, seq: int, at_us: int) -> None:
        """Approve; OwnWork if *by* asked for it."""
        payout = self.get(number)
        state = PAYOUT.after(payout.state, PayoutEvent.APPROVE)
        if by == payout.requested_by:
            raise OwnWork
        payout.approved_by = by
        self.move(payout, state, by, seq, at_us)

    def pay(self, ledger: Ledger, number: int, by: int, seq: int, at_us: int) -> None:
        """Send an approved payout off and record it as paid; by a third person."""
        payout = self.get(number)
        submitted = PAYOUT.after(payout.state, PayoutEvent.SUBMIT)
        if by in (payout.requested_by, payout.approved_by):
            raise OwnWork
        payout.paid_by = by
        self.move(payout, submitted, by, seq, at_us)
        held = ledger.number(payout.member, payout.currency, Pocket.HELD)
        outside = ledger.number(HOUSE, payout.currency, Pocket.OPEN)
        ledger.post(seq, [Transfer(held, outside, payout.amount, "payout", number)])
        paid = PAYOUT.after(payout.state, PayoutEvent.PAY)
        self.move(payout, paid, by, seq, at_us)

    def fail(self, ledger: Ledger, number: int, by: int, seq: int, at_us: int) -> None:
        """Refuse or fail a payout; the money is free again."""
        payout = self.get(number)
        state = PAYOUT.after(payout.state, PayoutEvent.FAIL)
        if by == payout.requested_by:
            raise OwnWork
        self._give_back(ledger, payout, state, by, seq, at_us)

    def cancel(
        self, ledger: Ledger, number: int, member: int, by: int, seq: int, at_us: int
    ) -> None:
        """Withdraw the member's own payout; NotFound if it is another's."""
        payout = self.get(number)
        if payout.member != member:
            raise NotFound("payout", encode("payout", number))
        state = PAYOUT.after(payout.state, PayoutEvent.CANCEL)
        self._give_back(ledger, payout, state, by, seq, at_us)

    def _give_back(
        self, ledger: Ledger, payout: Payout, state: str, by: int, seq: int, at_us: int
    ) -> None:
        self._shift(ledger, payout, Pocket.HELD, Pocket.FREE, "payout_release", seq)
        self.move(payout, state, by, seq, at_us)

    def _shift(
        self,
        ledger: Ledger,
        payout: Payout,
        source: Pocket,
        target: Pocket,
        reason: str,
        seq: int,
    ) -> None:
        debit = ledger.number(payout.member, payout.currency, source)
        credit = ledger.number(payout.member, payout.currency, target)
        ledger.post(
            seq, [Transfer(debit, credit, payout.amount, reason, payout.number)]
        )
