"""Commands of the house: who may trade, what trades, at what fee; and time passing."""

import re
from collections.abc import Callable
from typing import Any

from marketplace.trading import (
    accepting,
    agreeing,
    calls,
    contesting,
    counting,
    disputing,
    exclusivity,
    negotiating,
    permitting,
    pool_deals,
    scope,
    tendering,
)
from marketplace.trading.accepting import DAYS_MAX
from marketplace.trading.agreements import Agreement, AgreementEvent
from marketplace.trading.book import Book
from marketplace.trading.commands import (
    DelistInstrument,
    ListInstrument,
    ResumeInstrument,
    SetAudience,
    SetStanding,
    SuspendInstrument,
    Tick,
)
from marketplace.trading.consents import CONSENTS_MAX, SetConsents
from marketplace.trading.contests import Contest
from marketplace.trading.holds import cancel, cancel_where
from marketplace.trading.kept import Kept
from marketplace.trading.limits import NONE, merged
from marketplace.trading.mandates import Mandate
from marketplace.trading.market import Market, handles
from marketplace.trading.offers import Offer, OfferEvent
from marketplace.trading.orders import (
    BUY,
    PRICE_MAX,
    QUANTITY_MAX,
    SELL,
    Order,
    Reason,
)
from marketplace.trading.pools import Pool
from marketplace.trading.rights import end
from marketplace.trading.tenders import Tender
from marketplace.trading.texts import UNSTORABLE
from marketplace.trading.usage import Tab
from marketplace.trading.venue import (
    BOOK,
    BookEvent,
    BookState,
    FixedFact,
    SymbolTaken,
    Venue,
    WrongOrder,
    kind_of,
)
from settlement.disputes import Dispute
from settlement.entitlements import EntitlementEvent
from settlement.escrows import Escrow
from settlement.ledger import HOUSE
from settlement.money import BY_ASSET, INSTRUMENT_MIN

TERM_MAX_US = 10**16  # three centuries: no sum of times outgrows 64 bits
# What may not change under waiting orders and running rights.
FIXED = (
    "symbol", "vendor", "currency", "tick", "lot", "transferable", "trial_of",
    "acceptance",
)  # fmt: skip
AUDIENCE_MAX = 1_000  # members of one instrument
CODE = re.compile(r"[!-~]{1,64}")  # the records join codes with blanks


@handles(SetStanding)
def set_standing(market: Market, command: SetStanding, seq: int, _at_us: int) -> None:
    """Record a member's verification; losing it cancels the member's orders.

    The house runs the market and takes its fees: it does not trade there.
    """
    if command.member <= HOUSE:
        raise WrongOrder("member")
    if command.verified:
        market.verified.add(command.member)
    else:
        market.verified.discard(command.member)
        cancel_where(market, seq, Reason.SUSPENDED, command.member)
        negotiating.end_where(market, seq, lambda o: o.maker == command.member)
    market.standings_changed[command.member] = command.verified


@handles(ListInstrument)
def list_instrument(
    market: Market, command: ListInstrument, seq: int, _at_us: int
) -> None:
    """Open a book, or give a listed instrument its terms for the trades from now on."""
    _check_facts(market, command)
    terms = market.freeze(command.terms)
    present = market.venues.get(command.instrument)
    market.symbols[command.symbol] = command.instrument
    venue = Venue(
        command.instrument,
        command.symbol,
        command.vendor,
        command.currency,
        command.tick,
        command.lot,
        terms.number,
        tuple(command.purposes),
        command.term_us,
        command.deliveries_max,
        command.transferable,
        present.state if present else BookState.LISTED,
        present.book if present else Book(),
        command.price_max,
        command.trial_of,
        present.audience if present else None,
        present.hidden if present else False,
        command.scope,
        command.acceptance,
        present.consents if present else frozenset(),
        kind_of(command.terms),
    )
    market.venues[venue.instrument] = market.venues_changed[venue.instrument] = venue
    exclusivity.note(market, venue)
    if present is not None:
        calls.carry_on(venue, present)
        if venue.price_max != present.price_max or venue.terms != present.terms:
            contesting.call_off(market, venue, seq)  # nobody bid for this
    else:
        venue.limits = merged(NONE, market.limits)
    if venue.trial_of is not None:
        market.trials[venue.trial_of] = venue.instrument
    if venue.price_max is not None:
        _cancel_above(market, venue, venue.price_max, seq)


def _cancel_above(market: Market, venue: Venue, price_max: int, seq: int) -> None:
    """Cancel what waits above a ceiling that was lowered or set."""
    for order in (*venue.book.orders(BUY), *venue.book.orders(SELL)):
        if order.price is not None and order.price > price_max:
            cancel(market, order, seq, Reason.ABOVE_CEILING)
    calls.narrow(market, venue, seq)
    negotiating.end_where(
        market,
        seq,
        lambda o: o.instrument == venue.instrument and o.price > price_max,
    )


def _check_facts(market: Market, command: ListInstrument) -> None:
    """Refuse facts that cannot be, or that may not change under the waiting orders."""
    if command.instrument < INSTRUMENT_MIN or command.currency not in BY_ASSET:
        raise WrongOrder("instrument")
    if not (1 <= command.tick <= PRICE_MAX and 1 <= command.lot <= QUANTITY_MAX):
        raise WrongOrder("tick")
    for code in (command.symbol, *command.purposes):
        if not CODE.fullmatch(code):
            raise WrongOrder("symbol" if code is command.symbol else "purposes")
    _check_right(command)
    _check_scope(command)
    _check_acceptance(command)
    _check_trial(market, command)
    if UNSTORABLE.search(command.terms):
        raise WrongOrder("terms")
    if market.symbols.get(command.symbol, command.instrument) != command.instrument:
        raise SymbolTaken(command.symbol)
    present = market.venues.get(command.instrument)
    if present is not None:
        _check_fixed(present, command)


def _check_fixed(present: Venue, command: ListInstrument) -> None:
    """Refuse to change what waiting orders and running rights rest on."""
    for fact in FIXED:
        if getattr(present, fact) != getattr(command, fact):
            raise FixedFact(fact)
    for fact in scope.FIXED:
        if getattr(present.scope, fact) != getattr(command.scope, fact):
            raise FixedFact(fact)


def _check_right(command: ListInstrument) -> None:
    """Refuse limits of the buyer's right that no right could have."""
    if command.term_us is not None and not 0 < command.term_us <= TERM_MAX_US:
        raise WrongOrder("term_us")
    most = command.deliveries_max
    if most is not None and not 0 < most <= QUANTITY_MAX:
        raise WrongOrder("deliveries_max")


def _check_scope(command: ListInstrument) -> None:
    """Refuse an exclusive right that could be sold on or is a trial, and odd scopes."""
    bound = command.scope
    if bound.exclusive and (command.transferable or not bound.product):
        raise WrongOrder("transferable" if bound.product else "product")
    if bound.exclusive and command.trial_of is not None:
        raise WrongOrder("trial_of")
    if bound.product < 0:
        raise WrongOrder("product")
    for path in (bound.field, bound.territory):
        if path and not CODE.fullmatch(path):
            raise WrongOrder("field" if path is bound.field else "territory")


def _check_acceptance(command: ListInstrument) -> None:
    """Refuse odd times, and escrow where the right could be sold on meanwhile."""
    days, delivery_days = command.acceptance
    if not (0 <= days <= DAYS_MAX and 0 <= delivery_days <= (DAYS_MAX if days else 0)):
        raise WrongOrder("acceptance")
    if days and (command.transferable or command.trial_of is not None):
        raise WrongOrder("acceptance")


def _check_trial(market: Market, command: ListInstrument) -> None:
    """Refuse a ceiling that is none, and a trial that is not free or not the only."""
    most, paid = command.price_max, command.trial_of
    if most is not None and not 0 <= most <= PRICE_MAX:
        raise WrongOrder("price_max")
    if paid is None:
        return
    if most != 0 or command.transferable or paid == command.instrument:
        raise WrongOrder("trial_of")
    if market.trials.get(paid, command.instrument) != command.instrument:
        raise WrongOrder("trial_of")


def _move(market: Market, instrument: int, event: BookEvent) -> Venue:
    """Apply *event* to trading in an instrument."""
    venue = market.venue(instrument)
    venue.state = BOOK.after(venue.state, event)
    market.venues_changed[instrument] = venue
    return venue


@handles(SetAudience)
def set_audience(market: Market, command: SetAudience, seq: int, _at_us: int) -> int:
    """Let some members in, and all others out; how many of their orders ended.

    What was open to all ends for all that asked by a demand: who of them is let in
    would tell the vendor who they are.
    """
    venue = market.venue(command.instrument)
    members = command.members
    if members is None and command.hidden:
        raise WrongOrder("hidden")
    if len(members or ()) > AUDIENCE_MAX or min(members or (1,)) < 1:
        raise WrongOrder("members")
    narrowed = venue.audience is None and members is not None
    venue.audience = None if members is None else frozenset(members)
    venue.hidden = command.hidden
    market.venues_changed[venue.instrument] = venue
    outside = [
        order
        for _, order in sorted(market.orders.items())
        if order.instrument == venue.instrument and not venue.admits(order.member)
    ]
    for order in outside:
        cancel(market, order, seq, Reason.AUDIENCE)
    negotiating.end_where(
        market,
        seq,
        lambda o: (
            o.instrument == venue.instrument
            and (not venue.admits(o.member) or (narrowed and o.demand > 0))
        ),
    )
    return len(outside)


@handles(SetConsents)
def set_consents(market: Market, command: SetConsents, seq: int, _at_us: int) -> int:
    """Put the vendor's consents in force; how many bids ended without theirs."""
    venue = market.venue(command.instrument)
    wanted = frozenset(command.consents)
    if len(wanted) > CONSENTS_MAX or len(wanted) < len(command.consents):
        raise WrongOrder("consents")
    for member, purpose in command.consents:
        if member < 1 or not CODE.fullmatch(purpose):
            raise WrongOrder("consents")
    ended = venue.consents - wanted
    venue.consents = wanted
    market.venues_changed[venue.instrument] = venue

    def rests_on_it(made: Order | Offer) -> bool:
        pair = made.member, made.purpose or ""
        return pair in ended and not venue.permits(pair[1], pair[0])

    without = [order for order in venue.book.orders(BUY) if rests_on_it(order)]
    for order in without:
        cancel(market, order, seq, Reason.CONSENT)
    here = venue.instrument
    negotiating.end_where(
        market, seq, lambda o: o.instrument == here and rests_on_it(o)
    )
    return len(without)


@handles(SuspendInstrument)
def suspend(market: Market, command: SuspendInstrument, _seq: int, _at_us: int) -> None:
    """Stop trading; orders stay and may be cancelled."""
    _move(market, command.instrument, BookEvent.SUSPEND)


@handles(ResumeInstrument)
def resume(market: Market, command: ResumeInstrument, _seq: int, _at_us: int) -> None:
    """Let it trade again."""
    _move(market, command.instrument, BookEvent.RESUME)


@handles(DelistInstrument)
def delist(market: Market, command: DelistInstrument, seq: int, _at_us: int) -> int:
    """End trading and cancel the orders; rights stay. How many were cancelled."""
    venue = _move(market, command.instrument, BookEvent.DELIST)
    contesting.call_off(market, venue, seq)
    pool_deals.call_off(market, venue, seq)
    negotiating.end_where(market, seq, lambda o: o.instrument == venue.instrument)
    return cancel_where(market, seq, Reason.DELISTED, instrument=venue.instrument)


@handles(Tick)
def tick(market: Market, _command: Tick, seq: int, at_us: int) -> tuple[int, int]:
    """Expire what is due at *at_us*, then follow the timetables: (orders, rights)."""
    orders = rights = 0
    while (due := market.next_expiry_us()) is not None and due <= at_us:
        cancel(market, market.next_expiring(), seq, Reason.EXPIRED)
        orders += 1
    for right in market.rights.due(at_us):
        end(market, right, EntitlementEvent.EXPIRE, seq)
        rights += 1
    for item in market.agenda.due(at_us):
        WHEN_DUE[type(item)](market, item, seq, at_us)
    calls.keep_time(market, seq, at_us)
    return orders, rights


# What happens to each kind of thing on the agenda, once its moment has come.
WHEN_DUE: dict[type, Callable[[Market, Any, int, int], object]] = {
    Kept: lambda market, kept, _seq, _at_us: market.kept.drop(kept),
    Tender: lambda market, tender, seq, _at_us: tendering.come_due(market, tender, seq),
    Offer: lambda market, offer, seq, _at_us: negotiating.end(
        market, offer, OfferEvent.EXPIRE, seq
    ),
    Escrow: accepting.come_due,
    Tab: lambda market, tab, seq, _at_us: counting.come_due(market, tab, seq),
    Pool: pool_deals.come_due,
    Agreement: lambda market, one, seq, _at_us: agreeing.end(
        market, one, AgreementEvent.EXPIRE, None, seq
    ),
    Dispute: lambda market, dispute, _seq, _at_us: disputing.come_due(market, dispute),
    Contest: contesting.come_due,
    Mandate: permitting.come_due,
}
