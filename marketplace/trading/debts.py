"""What members owe the exchange: money that went back although they had spent it.

A debt is the member's own account in the open pocket, below zero. Whatever is free
pays it at once, by the command that freed it; so who owes has nothing free, buys
nothing and is paid nothing out, and goes on selling (attack 28). What waits in bids
and budgets is taken first. Rights bought since a pay-in whose money is missing, and all
whose use is paid as it happens, are withheld until the debt is paid (E2).
"""

from marketplace.trading import counting, rights
from marketplace.trading.holds import cancel
from marketplace.trading.market import AFTERWARDS, Market
from marketplace.trading.orders import Reason
from marketplace.trading.usage import charged
from settlement.entitlements import Entitlement, EntitlementEvent, Hold
from settlement.ledger import PROVIDER, Pocket, Transfer
from settlement.payments.cards import Card, Withheld

FREE, OPEN = Pocket.FREE, Pocket.OPEN


def take(market: Market, card: Card, amount: int, reason: str, seq: int) -> None:
    """Take *amount* from the member for the provider; what is not free is owed."""
    member, currency = card.payin.member, card.payin.currency
    ledger = market.ledger
    if ledger.balance(member, currency) < amount:
        _cancel_bids(market, member, currency, seq)
    short = amount - ledger.balance(member, currency)
    if short > 0:
        counting.claw_back(market, member, currency, short, seq)
    away = ledger.number(PROVIDER, currency, OPEN)
    there = min(amount, ledger.balance(member, currency))
    for pocket, part in ((FREE, there), (OPEN, amount - there)):
        if part:
            source = ledger.number(member, currency, pocket)
            move = Transfer(source, away, part, reason, card.number)
            ledger.post(seq, [move])
    if there < amount:
        market.owing.add((member, currency))
        _withhold(market, card, seq)


def pay(market: Market, seq: int) -> None:
    """Let whatever is free pay what is owed; who owes nothing more has its rights."""
    for member, currency in sorted(market.owing):
        ledger = market.ledger
        owed = -ledger.balance(member, currency, OPEN)
        there = min(owed, ledger.balance(member, currency))
        if there:
            purse = ledger.number(member, currency, FREE)
            debt = ledger.number(member, currency, OPEN)
            ledger.post(seq, [Transfer(purse, debt, there, "debt_paid", member)])
        if there == owed:
            market.owing.discard((member, currency))
            for card in market.cards.of.get(member, {}).values():
                if card.payin.currency == currency:
                    give_back(market, card, seq)


AFTERWARDS.append(pay)


def _withhold(market: Market, card: Card, seq: int) -> None:
    """Suspend what the member bought since this pay-in, and what it pays by use."""
    since_us = card.credited_us
    if since_us is None:
        return
    for right in list(market.rights.held_by(card.payin.member)):
        metered = charged(market.bodies[right.terms - 1])[1] is not None
        same = market.venue(right.instrument).currency == card.payin.currency
        fits = same and (metered or _bought(right, since_us))
        if fits and Hold.DEBT not in right.holds:
            rights.pause(market, right, Hold.DEBT, seq)
            market.cards.hold_back(Withheld(right.number, card.number, seq))


def _bought(right: Entitlement, since_us: int) -> bool:
    return right.trade is not None and right.from_us >= since_us


def _cancel_bids(market: Market, member: int, currency: int, seq: int) -> None:
    """Free what waits in bids of a currency, in order of placing."""
    for _, order in sorted(market.orders_of.get(member, {}).items()):
        if (
            str(order.side) == "buy"
            and market.venue(order.instrument).currency == currency
        ):
            cancel(market, order, seq, Reason.STOPPED)


def give_back(market: Market, card: Card, seq: int) -> None:
    """Restore what was withheld for a pay-in."""
    _end(market, card, EntitlementEvent.RESTORE, "restored", seq)


def revoke(market: Market, card: Card, seq: int) -> None:
    """End what was bought since a pay-in: its money will not come back.

    What is withheld beyond that goes on once the debt is paid.
    """
    _end(market, card, EntitlementEvent.REVOKE, "revoked", seq)


def _end(
    market: Market, card: Card, event: EntitlementEvent, state: str, seq: int
) -> None:
    kept = [w for w in market.cards.withheld.values() if w.payin == card.number]
    for one in sorted(kept):
        right = market.rights.live.get(one.right)
        ends = event is EntitlementEvent.REVOKE
        if ends and right is not None and not _bought(right, card.credited_us or 0):
            continue
        market.cards.hold_back(one._replace(state=state, ended_seq=seq))
        if right is None:
            continue  # it ended meanwhile
        if ends:
            rights.end(market, right, event, seq)
        else:
            market.rights.let_go(right, Hold.DEBT)
