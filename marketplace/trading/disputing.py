"""Disputes: opened, answered, agreed, withdrawn, decided by two; see `disputes`."""

from marketplace.trading import accepting, rights
from marketplace.trading.escrows import NotInDispute
from marketplace.trading.market import Market, handles
from marketplace.trading.objecting import (
    AgreeDispute,
    AnswerDispute,
    OpenDispute,
    ResolveDispute,
    ReturnSale,
    WithdrawDispute,
)
from marketplace.trading.proposals import proposable
from marketplace.trading.venue import WrongOrder
from settlement.disputes import (
    ANSWER_DAYS,
    DECISION_DAYS,
    DISPUTE,
    REASONS,
    Dispute,
    DisputeEvent,
)
from settlement.entitlements import Hold
from settlement.errors import NotFound
from settlement.escrows import TRADE, Escrow, TradeEvent, TradeState
from settlement.ids import encode

ANYBODY = 0


@handles(OpenDispute)
def object_(market: Market, command: OpenDispute, seq: int, at_us: int) -> int:
    """Freeze the money of what was delivered, give the rest back; its number."""
    escrow = market.escrows.get(command.trade, command.member)
    if command.reason not in REASONS:
        raise WrongOrder("reason")
    _check_note(command.note)
    if not escrow.unaccepted or escrow.state is TradeState.DISPUTED:
        raise NotInDispute
    accepting.drop_undelivered(market, escrow, seq)
    dispute = Dispute(
        market.disputes.last + 1, escrow.number, seq, at_us, command.by,
        command.reason, command.note, escrow.left, _pause(market, escrow, seq),
        market.workdays.deadline_us(at_us, DECISION_DAYS),
        answer_by_us=market.workdays.deadline_us(at_us, ANSWER_DAYS),
    )  # fmt: skip
    escrow.state = TRADE.after(escrow.state, TradeEvent.DISPUTE)
    escrow.deliver_by_us = escrow.accept_by_us = None
    market.escrows.note(escrow)
    market.disputes.note(dispute)
    return dispute.number


def _check_note(note: str) -> None:
    """Refuse evidence that is empty, too long or unstorable."""
    rights.check_reason(note)
    if not note.strip():
        raise WrongOrder("note")


def _pause(market: Market, escrow: Escrow, seq: int) -> bool:
    """Suspend the right while the money stands still; whether there was one to."""
    right = market.rights.live.get(escrow.right)
    if right is None:
        return False
    rights.pause(market, right, Hold.DISPUTE, seq)
    return True


@handles(AnswerDispute)
def answer(market: Market, command: AnswerDispute, _seq: int, _at_us: int) -> None:
    """Take the vendor's answer, with what it would give back."""
    dispute, _ = _of(market, command.dispute, ANYBODY, command.member)
    DISPUTE.after(dispute.state, DisputeEvent.ANSWER)
    _check_note(command.note)
    if not 0 <= command.offer <= dispute.left:
        raise WrongOrder("offer")
    dispute.state = DISPUTE.after(dispute.state, DisputeEvent.ANSWER)
    dispute.answered_by, dispute.answer = command.by, command.note
    dispute.offer = command.offer
    market.disputes.note(dispute)


@handles(AgreeDispute)
def agree(market: Market, command: AgreeDispute, seq: int, _at_us: int) -> int:
    """End it by agreement; what goes back. The vendor may give all, at any time."""
    dispute, escrow = _of(market, command.dispute)
    if command.member == escrow.trade.seller:
        refund = dispute.left
    elif command.member == escrow.trade.buyer and dispute.offer:
        refund = dispute.offer
    else:
        raise NotFound("dispute", encode("dispute", max(0, command.dispute)))
    _end(market, dispute, escrow, refund, DisputeEvent.AGREE, seq)
    return refund


@handles(WithdrawDispute)
def withdraw(market: Market, command: WithdrawDispute, seq: int, _at_us: int) -> None:
    """Withdraw the objection: the vendor is paid."""
    dispute, escrow = _of(market, command.dispute, command.member)
    _end(market, dispute, escrow, 0, DisputeEvent.WITHDRAW, seq)


@handles(ResolveDispute)
def resolve(market: Market, command: ResolveDispute, seq: int, _at_us: int) -> int:
    """Carry out what two persons decided; what goes back."""
    check_resolution(market, command)
    dispute, escrow = _of(market, command.dispute)
    _end(market, dispute, escrow, command.refund, DisputeEvent.RESOLVE, seq)
    return command.refund


@proposable(ResolveDispute)
def check_resolution(market: Market, command: ResolveDispute) -> None:
    """Refuse to decide what is not there, not yet answered, or more than there is."""
    if not isinstance(command.dispute, int) or not isinstance(command.refund, int):
        raise WrongOrder("refund")
    dispute = market.disputes.get(command.dispute)
    DISPUTE.after(dispute.state, DisputeEvent.RESOLVE)
    if not 0 <= command.refund <= dispute.left:
        raise WrongOrder("refund")


@handles(ReturnSale)
def give_back(market: Market, command: ReturnSale, seq: int, _at_us: int) -> int:
    """Give back all that waits of a sale that is not disputed; the amount."""
    escrow = market.escrows.get(command.trade, ANYBODY, command.member)
    TRADE.after(escrow.state, TradeEvent.RETURN)
    back = escrow.left
    accepting.finish(
        market, escrow, back, TradeEvent.RETURN, TradeEvent.SETTLE, seq
    )  # fmt: skip
    return back


def come_due(market: Market, dispute: Dispute) -> None:
    """Go on without the vendor's answer: its time is over."""
    dispute.state = DISPUTE.after(dispute.state, DisputeEvent.LAPSE)
    market.disputes.note(dispute)


def _of(market: Market, number: int, *parties: int) -> tuple[Dispute, Escrow]:
    """Return a dispute and its escrow; NotFound unless of *parties*."""
    dispute = market.disputes.get(number)
    try:
        return dispute, market.escrows.get(dispute.trade, *parties)
    except NotFound:
        raise NotFound("dispute", encode("dispute", number)) from None


def _end(
    market: Market,
    dispute: Dispute,
    escrow: Escrow,
    refund: int,
    event: DisputeEvent,
    seq: int,
) -> None:
    """End a dispute and its trade; the right goes on, or goes with the money."""
    dispute.state = DISPUTE.after(dispute.state, event)
    dispute.refund, dispute.ended_seq = refund, seq
    market.disputes.note(dispute)
    right = market.rights.live.get(escrow.right)
    if right is not None:
        market.rights.let_go(right, Hold.DISPUTE)
    accepting.finish(
        market, escrow, refund, TradeEvent.UPHOLD, TradeEvent.REJECT, seq
    )  # fmt: skip
