"""Pay-ins by card carried out: begun, booked line by line, disputed, ended."""

from marketplace.trading import debts
from marketplace.trading.carding import (
    CloseDispute,
    EndCard,
    RecordLine,
    RequestCardPayin,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.paying import check_text
from marketplace.trading.venue import WrongOrder
from settlement.errors import IllegalMove
from settlement.ledger import COSTS, HOUSE, PROVIDER, Pocket, Transfer
from settlement.money import AMOUNT_MAX, BY_ASSET
from settlement.payments.cards import (
    CARD_MAX,
    CARD_MIN,
    CHARGE,
    DISPUTE,
    DISPUTE_BACK,
    GENERAL,
    LINE_MAX,
    LOST,
    OPEN_MAX,
    PAYOUT,
    REFUND,
    REFUND_BACK,
    SIGNS,
    WON,
    Card,
    CardMismatch,
    Line,
    OverCardLimit,
    TooManyCards,
    UnderCardLimit,
)
from settlement.payments.payins import Payin, PayinEvent, PayinState, check_amount

BY_CARD = "card"  # the reference of a pay-in by card
OPEN, FREE = Pocket.OPEN, Pocket.FREE
TAKEN = {REFUND: "card_refund", DISPUTE: "chargeback"}
GIVEN = {
    CHARGE: "payin",
    REFUND_BACK: "card_refund_back",
    DISPUTE_BACK: "chargeback_back",
}


@handles(RequestCardPayin)
def request(market: Market, command: RequestCardPayin, seq: int, at_us: int) -> int:
    """Begin a pay-in by card; its number."""
    check_amount(command.currency, command.amount)
    most = CARD_MAX * 10 ** BY_ASSET[command.currency].exponent
    if command.amount > most:
        raise OverCardLimit(most)
    if command.amount < CARD_MIN:
        raise UnderCardLimit(CARD_MIN)
    if market.cards.begun(command.member) >= OPEN_MAX:
        raise TooManyCards(OPEN_MAX)
    payin = Payin(
        market.payins.last + 1, at_us, command.member, command.currency,
        command.amount, BY_CARD, command.by,
    )  # fmt: skip
    card = Card(payin, reached={str(payin.state)})
    market.cards.put(card)
    market.cards.changed[payin.number] = card
    return market.payins.open(payin, command.by, seq, at_us)


@handles(RecordLine)
def record(market: Market, command: RecordLine, seq: int, at_us: int) -> str:
    """Book one line of the provider's account; the pay-in's state, or "".

    A line that is on record already is CardMismatch: it is booked once.
    """
    line = Line(*command[1:])
    _check(line)
    if line.kind in GENERAL:
        _record_general(market, line, seq)
        return ""
    card = market.cards.get(line.payin)
    if line.line in card.lines:
        raise CardMismatch("line")
    card.check(line)
    card.add(line, at_us)
    market.cards.note(line, seq)
    _post(market, card, line, seq)
    _move(market, card, seq, at_us)
    return str(card.payin.state)


@handles(CloseDispute)
def close(market: Market, command: CloseDispute, seq: int, at_us: int) -> str:
    """Record how a chargeback ended; lost, what the money bought ends with it."""
    card = market.cards.get(command.payin)
    if card.outcome or not card.withdrawn:
        event = PayinEvent.WIN if command.won else PayinEvent.LOSE
        raise IllegalMove("payin", str(card.payin.state), str(event))
    card.outcome = WON if command.won else LOST
    _move(market, card, seq, at_us)
    if card.outcome == LOST:
        debts.revoke(market, card, seq)
    return str(card.payin.state)


@handles(EndCard)
def end(market: Market, command: EndCard, seq: int, at_us: int) -> None:
    """Record that a payment came to nothing; IllegalMove once money was captured."""
    card = market.cards.get(command.payin)
    if card.lines:
        raise IllegalMove("payin", str(card.payin.state), str(PayinEvent.FAIL))
    market.cards.drop(card)
    market.payins.move(card.payin, PayinState.FAILED, command.by, seq, at_us)


def _check(line: Line) -> None:
    """Refuse a line that cannot be."""
    check_text(line.line, "line")
    sign = SIGNS.get(line.kind)
    if sign is None:
        raise WrongOrder("kind")
    if line.currency not in BY_ASSET:
        raise CardMismatch("currency")
    if not 0 < line.amount * sign <= AMOUNT_MAX or abs(line.fee) > AMOUNT_MAX:
        raise CardMismatch("amount")
    if len(line.line) > LINE_MAX or len(line.reference) > LINE_MAX:
        raise WrongOrder("line")


def _record_general(market: Market, line: Line, seq: int) -> None:
    """Book what the provider sent to our bank, took back, or charged."""
    if line.line in market.cards.general:
        raise CardMismatch("line")
    market.cards.general.add(line.line)
    number = market.cards.note(line, seq)
    bank = market.ledger.number(HOUSE, line.currency, OPEN)
    costs = market.ledger.number(COSTS, line.currency, OPEN)
    there = market.ledger.number(PROVIDER, line.currency, OPEN)
    amount = abs(line.amount)
    if line.kind == PAYOUT:
        moves = [Transfer(bank, there, amount, "provider_payout", number)]
    elif line.amount > 0:
        moves = [Transfer(there, bank, amount, "provider_payout_back", number)]
    else:
        moves = [Transfer(costs, there, amount, "provider_cost", number)]
    market.ledger.post(seq, moves + _cost(market, line, number))


def _post(market: Market, card: Card, line: Line, seq: int) -> None:
    """Move the money of a line between the member and the provider."""
    if line.kind in TAKEN:
        debts.take(market, card, -line.amount, TAKEN[line.kind], seq)
    else:
        there = market.ledger.number(PROVIDER, line.currency, OPEN)
        purse = market.ledger.number(card.payin.member, line.currency, FREE)
        move = Transfer(there, purse, line.amount, GIVEN[line.kind], card.number)
        market.ledger.post(seq, [move])
    market.ledger.post(seq, _cost(market, line, card.number))


def _cost(market: Market, line: Line, subject: int) -> list[Transfer]:
    """Return the transfer of a line's own cost, which the house bears."""
    if not line.fee:
        return []
    costs = market.ledger.number(COSTS, line.currency, OPEN)
    there = market.ledger.number(PROVIDER, line.currency, OPEN)
    sides = (costs, there) if line.fee > 0 else (there, costs)
    return [Transfer(*sides, abs(line.fee), "provider_cost", subject)]


def _move(market: Market, card: Card, seq: int, at_us: int) -> None:
    """Bring the pay-in into the state that its lines come to; note new ones."""
    market.cards.changed[card.number] = card
    state = card.state()
    if state is card.payin.state:
        return
    if state is not PayinState.CREATED:
        for passed in (PayinState.PENDING, PayinState.SUCCEEDED):
            _reach(market, card, passed, seq, at_us)
    if state is PayinState.CHARGED_BACK:
        _reach(market, card, PayinState.DISPUTED, seq, at_us)
    _reach(market, card, state, seq, at_us)


def _reach(market: Market, card: Card, state: PayinState, seq: int, at_us: int) -> None:
    if str(state) in card.reached:
        market.payins.mark(card.payin, state)
    else:
        card.reached.add(str(state))
        market.payins.move(card.payin, state, 0, seq, at_us)
