"""Disputes: a buyer objects in time, the vendor answers, two of the staff decide.

While one is open the money stands still in escrow and the right is suspended. Days are
working days of the exchange's calendar.
"""

from dataclasses import dataclass
from enum import StrEnum

from settlement.states import Machine

REASONS = ("not_delivered", "incomplete", "not_as_described", "quality", "unusable")
ANSWER_DAYS = 5  # that the vendor has
DECISION_DAYS = 10  # in all, that the exchange gives itself (features §9: 14 days)
NOTE_MAX = 2_000  # characters


class DisputeState(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    MEDIATION = "mediation"
    AGREED = "agreed"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class DisputeEvent(StrEnum):
    """What can happen to a dispute."""

    ANSWER = "answer"
    LAPSE = "lapse"
    AGREE = "agree"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"


_S, _E = DisputeState, DisputeEvent
DISPUTE = Machine(
    "dispute",
    {
        (_S.OPEN, _E.ANSWER): _S.MEDIATION,
        (_S.OPEN, _E.LAPSE): _S.MEDIATION,  # the vendor did not answer in time
        (_S.OPEN, _E.AGREE): _S.AGREED,  # the vendor gives all back
        (_S.OPEN, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.MEDIATION, _E.AGREE): _S.AGREED,
        (_S.MEDIATION, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.MEDIATION, _E.RESOLVE): _S.DECIDED,
    },
)
LIVE = (DisputeState.OPEN, DisputeState.MEDIATION)


@dataclass(slots=True, eq=False)
class Dispute:
    """One dispute, in the order of the table's columns; amounts in minor units."""

    number: int
    trade: int
    seq: int
    at_us: int
    by_user: int
    reason: str
    note: str
    left: int  # what was in escrow; it stands still
    paused: bool  # the right was suspended for it
    decide_by_us: int
    state: DisputeState = DisputeState.OPEN
    answer_by_us: int | None = None
    answered_by: int | None = None
    answer: str | None = None
    offer: int | None = None  # that the vendor would give back
    refund: int | None = None  # that went back in the end
    ended_seq: int | None = None

    rank = 4  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return until when the vendor may answer; None once it has."""
        return self.answer_by_us if self.state is DisputeState.OPEN else None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.trade, self.seq, self.at_us, self.by_user, self.reason,
            self.note, self.left, int(self.paused), self.decide_by_us, str(self.state),
            self.answer_by_us, self.answered_by, self.answer, self.offer, self.refund,
            self.ended_seq,
        )  # fmt: skip
