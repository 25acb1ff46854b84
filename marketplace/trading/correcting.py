"""Corrections carried out, once a second person has approved them."""

from typing import NamedTuple

from marketplace.trading.closing import bounds
from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.venue import WrongOrder
from settlement.corrections import MEMBER, REVERSALS, SIDES, Correction, account
from settlement.ledger import Transfer
from settlement.money import AMOUNT_MAX, BY_ASSET


class Correct(NamedTuple):
    """Mend a break by a transfer between two accounts; see `settlement.corrections`."""

    by: int
    break_: int
    debit: str
    credit: str
    member: int
    currency: int
    amount: int
    month: str = ""  # of what it mends, as 2026-11, if that month is closed
    code: str = ""  # then: why; one of `corrections.REVERSALS`


@proposable(Correct)
def check(market: Market, step: Correct) -> None:
    """Refuse what cannot be; what a member has is asked when it is carried out."""
    numbers = (step.break_, step.member, step.currency, step.amount)
    if not all(type(number) is int for number in numbers):
        raise WrongOrder("amount")
    if step.debit not in SIDES or step.credit not in SIDES:
        raise WrongOrder("side")
    if step.debit == step.credit or step.break_ <= 0:
        raise WrongOrder("side")
    if (MEMBER in (step.debit, step.credit)) != (step.member > 0):
        raise WrongOrder("member")
    if step.member < 0 or step.currency not in BY_ASSET:
        raise WrongOrder("member")
    if not 0 < step.amount <= AMOUNT_MAX:
        raise WrongOrder("amount")
    _check_reversal(market, step)


def _check_reversal(market: Market, step: Correct) -> None:
    """Refuse a code without a closed month, and a closed month without one."""
    if not step.month:
        if step.code:
            raise WrongOrder("code")
        return
    bounds(step.month)
    if not market.closings.covers(step.month):
        raise WrongOrder("month")
    if step.code not in REVERSALS:
        raise WrongOrder("code")


@handles(Correct)
def correct(market: Market, command: Correct, seq: int, at_us: int) -> int:
    """Carry a correction out; its number. InsufficientBalance if it is not there."""
    check(market, command)
    if command.debit == MEMBER:
        market.ledger.require(command.member, command.currency, command.amount)
    market.corrections.last += 1
    number = market.corrections.last
    debit, credit = (
        market.ledger.number(owner, command.currency, pocket)
        for owner, pocket in (
            account(command.debit, command.member),
            account(command.credit, command.member),
        )
    )
    move = Transfer(debit, credit, command.amount, "correction", number)
    market.ledger.post(seq, [move])
    market.corrections.new.append(
        Correction(
            number, seq, at_us, command.break_, command.debit, command.credit,
            command.member, command.currency, command.amount, command.by,
            command.month, command.code,
        )
    )  # fmt: skip
    return number
