"""Offers between two members made, countered, taken: negotiated trades, off the book.

An offer binds who made it until its moment: the other side takes it alone, and the
trade settles at once. A buyer who offers has the money held meanwhile. The first offer
of a request that is taken ends all others made in it: one request, one purchase.
"""

from collections.abc import Callable
from dataclasses import replace

from marketplace.trading import bonds, charging, deferring, exclusivity
from marketplace.trading.clearing import clear
from marketplace.trading.market import Market, handles
from marketplace.trading.offers import (
    ASKED,
    NOTE_MAX,
    REASONS,
    Offer,
    OfferEvent,
    ReasonNeeded,
)
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.placing import Agreed, grant
from marketplace.trading.quoting import (
    CounterOffer,
    DeclineOffer,
    OfferPrice,
    TakeOffer,
    WithdrawOffer,
)
from marketplace.trading.risk import EXPIRES_MAX_US, check_named, check_purpose
from marketplace.trading.stops import check_stops
from marketplace.trading.texts import fits
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
from settlement.clearing import Trade
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Pocket, Transfer

NO_ORDER = 0  # a negotiated trade fills no order


@handles(OfferPrice)
def offer_price(market: Market, command: OfferPrice, seq: int, at_us: int) -> int:
    """Offer one member a price of its own; the offer's number."""
    market.tenders.check_none(command.demand)
    return offer_opened(market, command, seq, at_us)


def offer_opened(market: Market, command: OfferPrice, seq: int, at_us: int) -> int:
    """Put up an offer, also one that was sealed until now; the offer's number."""
    venue = open_venue(market, command.instrument)
    maker, taker = command.member, command.to
    if venue.vendor not in (maker, taker):
        raise NotFound("instrument", encode("instrument", command.instrument))
    if maker == taker:
        raise WrongOrder("to")
    buyer = taker if maker == venue.vendor else maker
    _check_reason(command, negotiated=buyer == maker or bool(command.demand))
    if command.demand < 0:
        raise WrongOrder("demand")
    offer = Offer(
        market.offers.last + 1, seq, at_us, command.by, venue.vendor, buyer,
        venue.instrument, command.price, command.quantity, command.reason,
        command.note, command.expires_us, maker, command.demand, None, command.purpose,
        venue.terms, venue.term_us, venue.deliveries_max,
    )  # fmt: skip
    _check(market, venue, offer, at_us)
    _open(market, venue, offer, seq)
    return offer.number


@handles(CounterOffer)
def counter(market: Market, command: CounterOffer, seq: int, at_us: int) -> int:
    """Answer an offer with another, or change one's own; the new offer's number."""
    answered = market.offers.get(command.offer)
    revises = answered.maker == command.member
    if not revises:
        answered = _addressed(market, command.offer, command.member)
    market.tenders.check_none(answered.demand)
    if answered.expires_us <= at_us:
        raise AlreadyExpired(answered.expires_us)
    venue = open_venue(market, answered.instrument)
    offer = replace(
        answered, number=market.offers.last + 1, seq=seq, at_us=at_us, by=command.by,
        price=command.price, quantity=command.quantity, note=command.note,
        # what is countered is negotiated from then on; who changes its own keeps it
        reason=answered.reason if revises else ASKED,
        expires_us=command.expires_us, maker=command.member, answers=answered.number,
        purpose=command.purpose, terms=venue.terms, term_us=venue.term_us,
        deliveries_max=venue.deliveries_max,
    )  # fmt: skip
    if offer.reason != ASKED and not offer.note.strip():
        raise ReasonNeeded(offer.reason)
    _check(market, venue, offer, at_us, freed=answered.held if revises else 0)
    end(market, answered, OfferEvent.COUNTER, seq)
    _open(market, venue, offer, seq)
    return offer.number


def open_venue(market: Market, instrument: int) -> Venue:
    """Return the venue of an instrument that trades; InstrumentClosed if not now."""
    venue = market.venue(instrument)
    if venue.state is not BookState.LISTED:
        raise InstrumentClosed(venue.symbol, str(venue.state))
    return venue


def _addressed(market: Market, number: int, member: int) -> Offer:
    """Return an open offer made to *member*; NotFound for all others."""
    offer = market.offers.get(number)
    if offer.taker != member:
        raise NotFound("offer", encode("offer", number))
    return offer


def _check_reason(command: OfferPrice, *, negotiated: bool) -> None:
    """Refuse a personal price for no reason; what was asked for needs no other."""
    allowed = (ASKED,) if negotiated else REASONS
    lacking = not negotiated and not command.note.strip()
    if command.reason not in allowed or lacking:
        raise ReasonNeeded(command.reason[:40])


def _check(
    market: Market, venue: Venue, offer: Offer, at_us: int, freed: int = 0
) -> None:
    """Refuse what may not be offered: by whom, to whom, how much, until when.

    *freed* is what comes free with the offer that it replaces, minor units.
    """
    check_parties(market, venue, offer.maker, offer.taker, offer.member)
    if not fits(offer.note, NOTE_MAX):
        raise WrongOrder("note")
    check_numbers(offer.price, offer.quantity, venue)
    if offer.expires_us <= at_us:
        raise AlreadyExpired(offer.expires_us)
    if offer.expires_us > EXPIRES_MAX_US:
        raise WrongOrder("expires_us")
    if offer.maker == offer.member:
        check_purpose(offer.purpose, offer.member, venue)
        exclusivity.check(market, offer.member, venue, at_us)
        needed = max(0, offer.held - freed)
        market.ledger.require(offer.member, venue.currency, needed)
    elif offer.purpose:
        raise WrongOrder("purpose")
    market.offers.check_room(offer.maker)


def check_parties(
    market: Market, venue: Venue, maker: int, taker: int, buyer: int
) -> None:
    """Refuse unless both are verified and the buyer is let in."""
    for party in (maker, taker):
        if party not in market.verified:
            raise NotVerified(party)
    check_named(buyer, venue)
    check_stops(market, venue, buyer, venue.vendor)


def check_numbers(price: int, quantity: int, venue: Venue) -> None:
    """Check price, quantity and their product."""
    if not 0 <= price <= PRICE_MAX:
        raise WrongOrder("price")
    if venue.price_max is not None and price > venue.price_max:
        raise AboveCeiling(price, venue.price_max)
    if not 0 < quantity <= QUANTITY_MAX:
        raise WrongOrder("quantity")
    if venue.scope.exclusive and quantity != venue.lot:
        raise WrongOrder("quantity")
    if quantity % venue.lot:
        raise OffLot(quantity, venue.lot)
    if price * quantity > VALUE_MAX:
        raise OrderTooLarge(price * quantity, VALUE_MAX)


def _open(market: Market, venue: Venue, offer: Offer, seq: int) -> None:
    """Put a checked offer up, and hold a buyer's money for it."""
    if offer.held:
        market.ledger.post(seq, [_move(market, venue, offer, "quote_hold")])
    market.offers.open(offer)


def end(market: Market, offer: Offer, event: OfferEvent, seq: int) -> None:
    """End an open offer and give back what it held."""
    if offer.held:
        venue = market.venue(offer.instrument)
        market.ledger.post(seq, [_move(market, venue, offer, "quote_release")])
    market.offers.move(offer, event)
    _end_bid(market, offer, event, seq)
    left = len(market.offers.to_demand(offer.demand))
    market.tenders.note_end(offer.demand, taken=event is OfferEvent.TAKE, left=left)


def _end_bid(market: Market, offer: Offer, event: OfferEvent, seq: int) -> None:
    """Give the bond of an opened bid that ends back; with the award, all of them."""
    tender = market.tenders.live.get(offer.demand)
    if tender is None:
        return
    if event is OfferEvent.TAKE:
        bonds.release_all(market, tender, seq)
    elif offer.vendor in tender.bids:
        bonds.release(market, tender, tender.bids[offer.vendor], seq)


def end_where(market: Market, seq: int, ends: Callable[[Offer], bool]) -> None:
    """Withdraw every open offer that *ends* names, in order of their numbers."""
    for offer in list(market.offers.live.values()):
        if ends(offer):
            end(market, offer, OfferEvent.WITHDRAW, seq)


def _move(market: Market, venue: Venue, offer: Offer, reason: str) -> Transfer:
    """Return the transfer that holds an offer's money, or releases it."""
    free, held = (
        market.ledger.number(offer.member, venue.currency, pocket)
        for pocket in (Pocket.FREE, Pocket.HELD)
    )
    debit, credit = (free, held) if reason == "quote_hold" else (held, free)
    return Transfer(debit, credit, offer.held, reason, offer.number)


@handles(WithdrawOffer)
def withdraw(market: Market, command: WithdrawOffer, seq: int, _at_us: int) -> None:
    """Take the member's own open offer back; a bid of a tender for its bond alone."""
    offer = market.offers.get(command.offer)
    if offer.maker != command.member:
        raise NotFound("offer", encode("offer", command.offer))
    if not bonds.take_back(market, offer.demand, command.member, seq):
        market.tenders.check_none(offer.demand)
    end(market, offer, OfferEvent.WITHDRAW, seq)


@handles(DeclineOffer)
def decline(market: Market, command: DeclineOffer, seq: int, _at_us: int) -> None:
    """Turn down an offer that was made to the member; no bid while a tender runs."""
    offer = _addressed(market, command.offer, command.member)
    market.tenders.check_none(offer.demand)
    end(market, offer, OfferEvent.DECLINE, seq)


@handles(TakeOffer)
def take(market: Market, command: TakeOffer, seq: int, at_us: int) -> int:
    """Settle the trade that the offer proposes, whole; the trade's number."""
    offer = _addressed(market, command.offer, command.member)
    for party in (offer.member, offer.vendor):
        if party not in market.verified:
            raise NotVerified(party)
    if offer.expires_us <= at_us:
        raise AlreadyExpired(offer.expires_us)
    venue = open_venue(market, offer.instrument)
    check_parties(market, venue, offer.maker, offer.taker, offer.member)
    buys = command.member == offer.member
    purpose = command.purpose if buys else offer.purpose
    check_purpose(purpose, offer.member, venue)
    exclusivity.check(market, offer.member, venue, at_us)
    if venue.trial_of is not None:
        check_first(market, offer.member, venue, offer.quantity)
    value = offer.price * offer.quantity
    if buys:
        needed = value
        if not venue.acceptance.days:
            needed = market.dues.needed(
                offer.member, venue.currency, "negotiated", value
            )
        market.ledger.require(offer.member, venue.currency, needed)
    number = market.last_trade = market.last_trade + 1
    trade = Trade(
        number, seq, at_us, venue.instrument, offer.price, offer.quantity,
        venue.currency, offer.member, offer.vendor, NO_ORDER, NO_ORDER,
        "buy" if buys else "sell",
        charging.fee(market, venue, "negotiated", offer.vendor, value), "negotiated",
        deferring.opening(market, venue, "negotiated", value),
    )  # fmt: skip
    end(market, offer, OfferEvent.TAKE, seq)
    market.ledger.post(
        seq, clear(market, venue, trade, Pocket.FREE, Pocket.OPEN)
    )  # fmt: skip
    market.trades_new.append(trade)
    agreed = Agreed(offer.terms, offer.term_us, offer.deliveries_max)
    grant(market, venue, trade, purpose, agreed)
    exclusivity.withdraw_bids(market, venue, offer.member, seq)
    note_trade(market, offer, number, seq)
    return number


def note_trade(market: Market, offer: Offer, trade: int, seq: int) -> None:
    """Say which trade came of a taken offer; all others made in its request end."""
    offer.trade = trade
    if offer.demand:
        for other in market.offers.to_demand(offer.demand):
            if other.member == offer.member:
                end(market, other, OfferEvent.DECLINE, seq)
