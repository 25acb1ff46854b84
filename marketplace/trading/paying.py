"""Commands on money coming in and going out."""

import unicodedata

from marketplace.trading.cashing import (
    ApprovePayin,
    ApprovePayout,
    CancelPayout,
    ConfirmPayin,
    FailPayout,
    PayPayout,
    RejectPayin,
    RequestPayin,
    RequestPayout,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.timetable import DAY_US
from marketplace.trading.venue import WrongOrder
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.payments.cards import RESERVE_DAYS, CardReserve
from settlement.payments.payins import Payin, check_amount
from settlement.payments.payouts import Payout

TEXT_MAX = 200  # characters of a reference or a destination


@handles(RequestPayin)
def request_payin(market: Market, command: RequestPayin, seq: int, at_us: int) -> int:
    """Announce a payin; its number. Nothing is credited yet."""
    check_amount(command.currency, command.amount)
    check_text(command.reference, "reference")
    payin = Payin(
        market.payins.last + 1,
        at_us,
        command.member,
        command.currency,
        command.amount,
        command.reference,
        command.by,
    )
    return market.payins.open(payin, command.by, seq, at_us)


@handles(ConfirmPayin)
def confirm_payin(market: Market, command: ConfirmPayin, seq: int, at_us: int) -> str:
    """Confirm that the money arrived; "succeeded", or "pending" a second person."""
    _check_by_hand(market, command.payin)
    return market.payins.confirm(market.ledger, command.payin, command.by, seq, at_us)


@handles(ApprovePayin)
def approve_payin(market: Market, command: ApprovePayin, seq: int, at_us: int) -> None:
    """Credit a confirmed payin above the limit."""
    _check_by_hand(market, command.payin)
    market.payins.approve(market.ledger, command.payin, command.by, seq, at_us)


@handles(RejectPayin)
def reject_payin(market: Market, command: RejectPayin, seq: int, at_us: int) -> None:
    """Close a payin that did not arrive."""
    _check_by_hand(market, command.payin)
    market.payins.reject(command.payin, command.by, seq, at_us)


@handles(RequestPayout)
def request_payout(market: Market, command: RequestPayout, seq: int, at_us: int) -> int:
    """Hold the money and open a payout; its number."""
    check_amount(command.currency, command.amount)
    check_text(command.destination, "destination")
    _check_reserve(market, command, at_us)
    market.dues.check_paid(command.member, command.currency)
    payout = Payout(
        market.payouts.last + 1,
        at_us,
        command.member,
        command.currency,
        command.amount,
        command.destination,
        command.by,
    )
    return market.payouts.request(market.ledger, payout, seq)


@handles(ApprovePayout)
def approve_payout(
    market: Market, command: ApprovePayout, seq: int, at_us: int
) -> None:
    """Approve a payout; another person then pays it."""
    market.payouts.approve(command.payout, command.by, seq, at_us)


@handles(PayPayout)
def pay_payout(market: Market, command: PayPayout, seq: int, at_us: int) -> None:
    """Record that an approved payout has left the house."""
    market.payouts.pay(market.ledger, command.payout, command.by, seq, at_us)


@handles(FailPayout)
def fail_payout(market: Market, command: FailPayout, seq: int, at_us: int) -> None:
    """Refuse or fail a payout; the money is free again."""
    market.payouts.fail(market.ledger, command.payout, command.by, seq, at_us)


@handles(CancelPayout)
def cancel_payout(market: Market, command: CancelPayout, seq: int, at_us: int) -> None:
    """Withdraw the member's own payout."""
    number, member = command.payout, command.member
    market.payouts.cancel(market.ledger, number, member, command.by, seq, at_us)


def _check_by_hand(market: Market, payin: int) -> None:
    """Refuse to act by hand on a pay-in by card: the provider alone says what came."""
    if payin in market.cards.live:
        raise NotFound("payin", encode("payin", payin))


def _check_reserve(market: Market, command: RequestPayout, at_us: int) -> None:
    """Refuse to pay out what came by card lately and may still be charged back (P4)."""
    member, currency = command.member, command.currency
    since_us = at_us - RESERVE_DAYS * DAY_US
    kept, latest_us = market.cards.reserved(member, currency, since_us)
    if kept and market.ledger.balance(member, currency) - command.amount < kept:
        raise CardReserve(kept, latest_us + RESERVE_DAYS * DAY_US)


def check_text(text: str, field: str) -> None:
    """Refuse text that is empty, too long, or has control characters or surrogates."""
    odd = any(
        unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") for letter in text
    )
    if not text.strip() or len(text) > TEXT_MAX or odd:
        raise WrongOrder(field)
