"""Pay-ins: announced by a member, confirmed by staff, above a limit by two of them."""

from dataclasses import dataclass
from enum import StrEnum

from settlement.errors import OwnWork, Refusal
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer
from settlement.money import AMOUNT_MAX, BY_ASSET
from settlement.payments.desk import Desk
from settlement.states import Machine

ALONE_MAX = 100_000  # whole units of the currency that one person may confirm


class PayinState(StrEnum):
    """Where a payin stands."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


class PayinEvent(StrEnum):
    """What can happen to a payin."""

    SUBMIT = "submit"
    SUCCEED = "succeed"
    FAIL = "fail"
    REFUND = "refund"
    DISPUTE = "dispute"
    WIN = "win"
    LOSE = "lose"


_S, _E = PayinState, PayinEvent
PAYIN = Machine(
    "payin",
    {
        (_S.CREATED, _E.SUBMIT): _S.PENDING,
        (_S.PENDING, _E.SUCCEED): _S.SUCCEEDED,
        (_S.CREATED, _E.FAIL): _S.FAILED,
        (_S.PENDING, _E.FAIL): _S.FAILED,
        (_S.SUCCEEDED, _E.REFUND): _S.REFUNDED,
        (_S.SUCCEEDED, _E.DISPUTE): _S.DISPUTED,
        (_S.DISPUTED, _E.WIN): _S.SUCCEEDED,
        (_S.DISPUTED, _E.LOSE): _S.CHARGED_BACK,
    },
)


@dataclass(eq=False)
class AmountOutOfRange(Refusal):
    """The amount must be more than zero and within the exchange's limit."""

    amount: int
    amount_max: int


@dataclass(eq=False)
class UnknownCurrency(Refusal):
    """The exchange does not keep accounts in this currency."""

    currency: int


def check_amount(currency: int, amount: int) -> None:
    """Refuse an unknown currency or an amount outside 1 … AMOUNT_MAX minor units."""
    if currency not in BY_ASSET:
        raise UnknownCurrency(currency)
    if not 0 < amount <= AMOUNT_MAX:
        raise AmountOutOfRange(amount, AMOUNT_MAX)


class Payin:
    """One payin that is not yet final."""

    __slots__ = (
        "amount", "approved_by", "at_us", "confirmed_by", "currency", "member",
        "number", "reference", "requested_by", "state",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        at_us: int,
        member: int,
        currency: int,
        amount: int,
        reference: str,
        requested_by: int,
        confirmed_by: int | None = None,
        approved_by: int | None = None,
        state: str = PayinState.CREATED,
    ) -> None:
        """Take the values as they are; see the columns of the table."""
        self.number = number
        self.at_us = at_us
        self.member = member
        self.currency = currency
        self.amount = amount
        self.reference = reference
        self.requested_by = requested_by
        self.confirmed_by = confirmed_by
        self.approved_by = approved_by
        self.state = PayinState(state)

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.at_us, self.member, self.currency, self.amount,
            self.reference, self.requested_by, self.confirmed_by, self.approved_by,
            str(self.state),
        )  # fmt: skip

    def needs_two(self) -> bool:
        """Tell whether a second person must approve this amount."""
        unit: int = 10 ** BY_ASSET[self.currency].exponent
        return self.amount > ALONE_MAX * unit


class Payins(Desk[Payin]):
    """The payins that wait; whose hands act is checked here, their roles by views."""

    kind = "payin"
    final = frozenset({PayinState.SUCCEEDED, PayinState.FAILED})

    def confirm(
        self, ledger: Ledger, number: int, by: int, seq: int, at_us: int
    ) -> str:
        """Confirm arrival; credit unless two persons must agree; the new state."""
        payin = self.get(number)
        if by == payin.requested_by:
            raise OwnWork
        self.move(payin, PAYIN.after(payin.state, PayinEvent.SUBMIT), by, seq, at_us)
        payin.confirmed_by = by
        if not payin.needs_two():
            self._credit(ledger, payin, by, seq, at_us)
        return str(payin.state)

    def approve(
        self, ledger: Ledger, number: int, by: int, seq: int, at_us: int
    ) -> None:
        """Credit a confirmed payin above the limit; by a second person."""
        payin = self.get(number)
        PAYIN.after(payin.state, PayinEvent.SUCCEED)
        if by in (payin.requested_by, payin.confirmed_by):
            raise OwnWork
        payin.approved_by = by
        self._credit(ledger, payin, by, seq, at_us)

    def reject(self, number: int, by: int, seq: int, at_us: int) -> None:
        """Close a payin that did not arrive."""
        payin = self.get(number)
        if by == payin.requested_by:
            raise OwnWork
        self.move(payin, PAYIN.after(payin.state, PayinEvent.FAIL), by, seq, at_us)

    def _credit(
        self, ledger: Ledger, payin: Payin, by: int, seq: int, at_us: int
    ) -> None:
        state = PAYIN.after(payin.state, PayinEvent.SUCCEED)
        outside = ledger.number(HOUSE, payin.currency, Pocket.OPEN)
        purse = ledger.number(payin.member, payin.currency, Pocket.FREE)
        ledger.post(
            seq, [Transfer(outside, purse, payin.amount, "payin", payin.number)]
        )
        self.move(payin, state, by, seq, at_us)
