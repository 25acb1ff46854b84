"""Refunds of settled sales: offered by the vendor, approved by the exchange."""

from marketplace.trading import invoicing, rights, splitting
from marketplace.trading.market import Market, handles
from marketplace.trading.objecting import OfferRefund, RefundSale
from marketplace.trading.proposals import proposable, wait
from marketplace.trading.venue import WrongOrder
from settlement.entitlements import EntitlementEvent
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.refunds import MoreThanPaid, Sale, transfers

WAITING_MAX = 20  # refunds of one vendor that wait


@handles(OfferRefund)
def offer(market: Market, command: OfferRefund, seq: int, at_us: int) -> int:
    """Let a vendor's refund wait for the exchange; the proposal's number."""
    sale = Sale(*command.sale)
    if sale.seller != command.member:
        raise NotFound("trade", encode("trade", max(0, sale.trade)))
    waiting = [s for s in market.steps.values() if isinstance(s, RefundSale)]
    if sum(Sale(*step.sale).seller == sale.seller for step in waiting) >= WAITING_MAX:
        raise WrongOrder("refunds")
    step = RefundSale(command.by, sale, command.amount)
    return wait(market, step, tuple(step[1:]), command.reason, seq, at_us)


@proposable(RefundSale)
def check(market: Market, step: RefundSale) -> None:
    """Refuse a refund of what still waits, or of more than was paid."""
    sale = Sale(*step.sale)
    if market.venue(sale.instrument).vendor != sale.seller:
        raise WrongOrder("trade")  # what holders sold on is theirs to settle
    schedule = market.schedules.get(sale.schedule)
    known = schedule is not None and 0 <= sale.rule <= len(schedule.rules)
    busted = market.busts.of.get(sale.trade, sale.paid) is None
    waits = sale.trade in market.escrows.live or sale.trade in market.dues.live
    if waits or busted or not known:
        raise WrongOrder("trade")
    left = _paid(market, sale) - market.refunds.of.get(sale.trade, 0)
    if not 0 < step.amount <= left:
        raise MoreThanPaid(step.amount, left)
    if step.ends:
        _check_end(market, step, sale)


def _check_end(market: Market, step: RefundSale, sale: Sale) -> None:
    """Refuse to end a right that has ended, or that another proposal is to end."""
    right = market.rights.live.get(sale.right)
    others = (
        other
        for other in market.steps.values()
        if isinstance(other, RefundSale) and other.ends and other is not step
    )
    ended = right is None or right.trade != sale.trade
    if ended or any(Sale(*other.sale).trade == sale.trade for other in others):
        raise WrongOrder("trade")


def _paid(market: Market, sale: Sale) -> int:
    """Return what a sale costs now: it may have been adjusted since it was told."""
    return market.busts.paid.get(sale.trade, sale.paid)


@handles(RefundSale)
def refund(market: Market, command: RefundSale, seq: int, at_us: int) -> int:
    """Refund; its number. With all of the money the right goes back too.

    So it does with the money for all the time that is left of it. Raises
    InsufficientBalance while the vendor has not got the money.
    """
    sale = Sale(*command.sale)
    check(market, command)
    sale = sale._replace(paid=_paid(market, sale))
    before = market.refunds.of.get(sale.trade, 0)
    rate = market.schedules[sale.schedule].rate(sale.rule)
    moves, fee = transfers(market.ledger, sale, before, command.amount, rate)
    back = splitting.give_back(market, sale, command.amount - fee)
    market.ledger.require(HOUSE, sale.currency, fee)
    market.ledger.post(seq, [*back, *moves])
    splitting.keep(market, sale.trade, fee - command.amount)
    market.refunds.of[sale.trade] = before + command.amount
    market.refunds.last += 1
    market.refunds.new.append(
        (
            market.refunds.last, seq, at_us, sale.trade, command.amount, fee,
            command.by,
        )
    )  # fmt: skip
    invoicing.follow(market, sale.trade, command.amount, command.by, seq, at_us)
    right = market.rights.live.get(sale.right)
    in_full = market.refunds.of[sale.trade] == sale.paid
    if right is not None and (command.ends or in_full):
        rights.end(market, right, EntitlementEvent.REVOKE, seq)
    return market.refunds.last
