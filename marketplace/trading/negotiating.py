"""Personal prices offered, withdrawn, taken: negotiated trades, off the book."""

from marketplace.trading import exclusivity
from marketplace.trading.commands import OfferPrice, TakeOffer, WithdrawOffer
from marketplace.trading.market import Market, handles
from marketplace.trading.offers import (
    NOTE_MAX,
    REASONS,
    Offer,
    OfferEvent,
    ReasonNeeded,
)
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.placing import grant
from marketplace.trading.rights import UNSTORABLE
from marketplace.trading.risk import EXPIRES_MAX_US, check_named, check_purpose
from marketplace.trading.stops import check_stops
from marketplace.trading.trials import check_first
from marketplace.trading.venue import (
    AboveCeiling,
    AlreadyExpired,
    BookState,
    InstrumentClosed,
    NotVerified,
    OffLot,
    OrderTooLarge,
    Venue,
    WrongOrder,
)
from settlement.clearing import Trade, clear
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Pocket

NO_ORDER = 0  # a negotiated trade fills no order


@handles(OfferPrice)
def offer_price(market: Market, command: OfferPrice, seq: int, at_us: int) -> int:
    """Offer one member a price of its own; the offer's number."""
    venue = _open_venue(market, command.instrument)
    if command.member != venue.vendor:
        raise NotFound("instrument", encode("instrument", command.instrument))
    for party in (command.member, command.to):
        if party not in market.verified:
            raise NotVerified(party)
    check_named(command.to, venue)
    _check(command, venue, at_us)
    offer = Offer(
        market.offers.last + 1,
        seq,
        at_us,
        command.by,
        command.member,
        command.to,
        command.instrument,
        command.price,
        command.quantity,
        command.reason,
        command.note,
        command.expires_us,
    )
    market.offers.open(offer)
    return offer.number


def _open_venue(market: Market, instrument: int) -> Venue:
    venue = market.venue(instrument)
    if venue.state is not BookState.LISTED:
        raise InstrumentClosed(venue.symbol, str(venue.state))
    return venue


def _check(command: OfferPrice, venue: Venue, at_us: int) -> None:
    """Refuse what no personal price may be: without a reason, above the ceiling."""
    note = command.note
    if command.to == command.member:
        raise WrongOrder("to")
    if command.reason not in REASONS or not note.strip():
        raise ReasonNeeded(command.reason[:40])
    if len(note) > NOTE_MAX or UNSTORABLE.search(note):
        raise WrongOrder("note")
    _check_numbers(command, venue)
    if command.expires_us <= at_us:
        raise AlreadyExpired(command.expires_us)
    if command.expires_us > EXPIRES_MAX_US:
        raise WrongOrder("expires_us")


def _check_numbers(command: OfferPrice, venue: Venue) -> None:
    """Check price, quantity and their product."""
    if not 0 <= command.price <= PRICE_MAX:
        raise WrongOrder("price")
    if venue.price_max is not None and command.price > venue.price_max:
        raise AboveCeiling(command.price, venue.price_max)
    if not 0 < command.quantity <= QUANTITY_MAX:
        raise WrongOrder("quantity")
    if venue.scope.exclusive and command.quantity != venue.lot:
        raise WrongOrder("quantity")
    if command.quantity % venue.lot:
        raise OffLot(command.quantity, venue.lot)
    if command.price * command.quantity > VALUE_MAX:
        raise OrderTooLarge(command.price * command.quantity, VALUE_MAX)


@handles(WithdrawOffer)
def withdraw(market: Market, command: WithdrawOffer, _seq: int, _at_us: int) -> None:
    """Take the vendor's own open offer back."""
    offer = market.offers.get(command.offer)
    if offer.vendor != command.member:
        raise NotFound("offer", encode("offer", command.offer))
    market.offers.move(offer, OfferEvent.WITHDRAW)


@handles(TakeOffer)
def take(market: Market, command: TakeOffer, seq: int, at_us: int) -> int:
    """Settle the trade that the offer proposes, whole; the trade's number."""
    offer = market.offers.get(command.offer)
    if offer.member != command.member:
        raise NotFound("offer", encode("offer", command.offer))
    for party in (offer.member, offer.vendor):
        if party not in market.verified:
            raise NotVerified(party)
    if offer.expires_us <= at_us:
        raise AlreadyExpired(offer.expires_us)
    venue = _open_venue(market, offer.instrument)
    check_named(offer.member, venue)
    check_stops(market, venue, offer.member, offer.vendor)
    check_purpose(command.purpose, venue)
    exclusivity.check(market, offer.member, venue, at_us)
    if venue.trial_of is not None:
        check_first(market, offer.member, venue, offer.quantity)
    value = offer.price * offer.quantity
    market.ledger.require(offer.member, venue.currency, value)
    number = market.last_trade = market.last_trade + 1
    trade = Trade(
        number,
        seq,
        at_us,
        venue.instrument,
        offer.price,
        offer.quantity,
        venue.currency,
        offer.member,
        offer.vendor,
        NO_ORDER,
        NO_ORDER,
        "buy",
        market.fees.fee(value),
        "negotiated",
        "settled",
    )
    market.ledger.post(seq, clear(market.ledger, trade, Pocket.FREE, Pocket.OPEN))
    market.trades_new.append(trade)
    grant(market, venue, trade, command.purpose)
    exclusivity.withdraw_bids(market, venue, offer.member, seq)
    offer.trade = number
    market.offers.move(offer, OfferEvent.TAKE)
    return number
