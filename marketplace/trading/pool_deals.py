"""Group buys carried out: opened, joined, closed at one price for all."""

from marketplace.trading import charging, deferring, exclusivity, negotiating
from marketplace.trading.clearing import clear
from marketplace.trading.contesting import NO_ORDER
from marketplace.trading.contests import HALT_US
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import VALUE_MAX
from marketplace.trading.placing import Agreed, grant
from marketplace.trading.pooling import CancelPool, JoinPool, OpenPool
from marketplace.trading.pools import (
    LICENSEES_MAX,
    WINDOW_MAX_US,
    WINDOW_MIN_US,
    AlreadyJoined,
    Licensee,
    Pool,
    PoolEvent,
    PoolFull,
    PoolJoined,
    is_schedule,
    price_for,
)
from marketplace.trading.risk import check_audience, check_purpose
from marketplace.trading.stops import check_stops, is_barred, is_halted
from marketplace.trading.venue import (
    AboveCeiling,
    BookState,
    NotVerified,
    OffTick,
    OrderTooLarge,
    Venue,
    WrongOrder,
)
from settlement.clearing import Trade
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Pocket, Transfer

ORIGIN = "group"


@handles(OpenPool)
def open_pool(market: Market, command: OpenPool, seq: int, at_us: int) -> int:
    """Open a group buy of the vendor's own instrument; its number."""
    venue = negotiating.open_venue(market, command.instrument)
    if command.member != venue.vendor:
        raise NotFound("instrument", encode("instrument", command.instrument))
    _check_member(market, venue, command.member)
    if venue.trial_of is not None or venue.scope.exclusive:
        raise WrongOrder("instrument")
    tiers = _check_tiers(command, venue)
    if not WINDOW_MIN_US <= command.closes_us - at_us <= WINDOW_MAX_US:
        raise WrongOrder("closes_us")
    pool = Pool(
        market.pools.last + 1, seq, at_us, command.by, command.member,
        venue.instrument, venue.currency, venue.lot, venue.terms, venue.term_us,
        venue.deliveries_max, tiers, command.least, command.closes_us,
        command.closes_us,
    )  # fmt: skip
    market.pools.open(pool)
    return pool.number


def _check_tiers(command: OpenPool, venue: Venue) -> tuple[tuple[int, int], ...]:
    """Return the tiers; WrongOrder unless they are a schedule that can trade."""
    try:
        tiers = tuple((least, price) for least, price in command.tiers)
    except (TypeError, ValueError):
        raise WrongOrder("tiers") from None
    if not is_schedule(tiers, command.least):
        raise WrongOrder("tiers")
    for _, price in tiers:
        if price % venue.tick:
            raise OffTick(price, venue.tick)
        if venue.price_max is not None and price > venue.price_max:
            raise AboveCeiling(price, venue.price_max)
    if tiers[0][1] * venue.lot > VALUE_MAX:
        raise OrderTooLarge(tiers[0][1] * venue.lot, VALUE_MAX)
    return tiers


def _check_member(market: Market, venue: Venue, member: int) -> None:
    if member not in market.verified:
        raise NotVerified(member)
    check_stops(market, venue, member)


@handles(JoinPool)
def join(market: Market, command: JoinPool, seq: int, at_us: int) -> int:
    """Join a group buy with the first tier's price held; how many there are now."""
    pool, member = market.pools.get(command.pool), command.member
    venue = negotiating.open_venue(market, pool.instrument)
    check_audience(member, venue)
    if member == pool.vendor:
        raise WrongOrder("member")
    if member in pool.licensees:
        raise AlreadyJoined(pool.number)
    if at_us >= pool.closes_us:
        raise NotFound("pool", encode("pool", pool.number))
    _check_member(market, venue, member)
    exclusivity.check(market, member, venue, at_us)
    check_purpose(command.purpose, member, venue)
    if len(pool.licensees) >= LICENSEES_MAX:
        raise PoolFull(LICENSEES_MAX)
    market.ledger.require(member, pool.currency, pool.held)
    market.ledger.post(seq, [_move(market, pool, member, "pool_hold")])
    one = Licensee(pool.number, member, command.by, seq, at_us, command.purpose)
    market.pools.note(pool, one)
    return len(pool.licensees)


@handles(CancelPool)
def cancel(market: Market, command: CancelPool, _seq: int, _at_us: int) -> None:
    """Call off a group buy of the vendor's own that nobody has joined."""
    pool = market.pools.get(command.pool)
    if pool.vendor != command.member:
        raise NotFound("pool", encode("pool", pool.number))
    if pool.licensees:
        raise PoolJoined(len(pool.licensees))
    market.pools.move(pool, PoolEvent.CANCEL)


def call_off(market: Market, venue: Venue, seq: int) -> None:
    """End what runs in an instrument that is sold so no more; all is given back."""
    for pool in list(market.pools.live.values()):
        if pool.instrument == venue.instrument:
            _give_back(market, pool, list(pool.licensees.values()), seq)
            market.pools.move(pool, PoolEvent.CANCEL)


def come_due(market: Market, pool: Pool, seq: int, at_us: int) -> None:
    """Close a group buy: sell to all at one price, or give all back.

    A halt of the house holds the clock's hand, as for auctions.
    """
    venue = market.venue(pool.instrument)
    if is_halted(market, venue) or venue.state is not BookState.LISTED:
        market.pools.defer(pool, at_us + HALT_US)
        return
    vendor = pool.vendor
    sells = vendor in market.verified and not is_barred(market, vendor)
    joined = list(pool.licensees.values())
    buys = [one for one in joined if sells and _may(market, one.member)]
    if len(buys) < pool.least:
        _give_back(market, pool, joined, seq)
        market.pools.move(pool, PoolEvent.FAIL)
        return
    _give_back(market, pool, [one for one in joined if one not in buys], seq)
    pool.price = price_for(pool.tiers, len(buys))
    for one in buys:
        _sell(market, venue, pool, one, seq, at_us)
    market.pools.move(pool, PoolEvent.SELL)


def _may(market: Market, member: int) -> bool:
    return member in market.verified and not is_barred(market, member)


def _sell(
    market: Market, venue: Venue, pool: Pool, one: Licensee, seq: int, at_us: int
) -> None:
    """Settle the sale to one licensee at the price of all."""
    assert pool.price is not None, pool
    number = market.last_trade = market.last_trade + 1
    value = pool.price * pool.quantity
    trade = Trade(
        number, seq, at_us, pool.instrument, pool.price, pool.quantity, pool.currency,
        one.member, pool.vendor, NO_ORDER, NO_ORDER, "buy",
        charging.fee(market, venue, ORIGIN, pool.vendor, value), ORIGIN,
        deferring.opening(market, venue, ORIGIN, value),
    )  # fmt: skip
    back = _move(market, pool, one.member, "pool_release")
    moves = clear(market, venue, trade, Pocket.FREE, Pocket.OPEN)
    market.ledger.post(seq, [back, *moves])
    market.trades_new.append(trade)
    agreed = Agreed(pool.terms, pool.term_us, pool.deliveries_max)
    grant(market, venue, trade, one.purpose, agreed)
    exclusivity.withdraw_bids(market, venue, one.member, seq)
    one.state, one.trade = "bought", number
    market.pools.note(pool, one)


def _give_back(market: Market, pool: Pool, whom: list[Licensee], seq: int) -> None:
    """Release what these have held."""
    moves = [_move(market, pool, one.member, "pool_release") for one in whom]
    market.ledger.post(seq, moves)
    for one in whom:
        one.state = "returned"
        market.pools.note(pool, one)


def _move(market: Market, pool: Pool, member: int, reason: str) -> Transfer:
    """Return the transfer that holds a licensee's money, or releases it."""
    free, held = (
        market.ledger.number(member, pool.currency, pocket)
        for pocket in (Pocket.FREE, Pocket.HELD)
    )
    debit, credit = (free, held) if reason == "pool_hold" else (held, free)
    return Transfer(debit, credit, pool.held, reason, pool.number)
