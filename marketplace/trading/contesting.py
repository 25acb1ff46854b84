"""Contests carried out: opened, bid in, closed by the clock, paid or passed on."""

from marketplace.trading import bonds, charging, deferring, exclusivity
from marketplace.trading.bidding import (
    BidInContest,
    CancelContest,
    OpenContest,
    PayContest,
)
from marketplace.trading.clearing import clear
from marketplace.trading.contests import (
    BIDDERS_MAX,
    DEPOSIT_BPS,
    EXTENSION_MAX_US,
    HALT_US,
    KINDS,
    PAY_US,
    WINDOW_MAX_US,
    WINDOW_MIN_US,
    AlreadyLeading,
    Bidder,
    BidderState,
    BidsStand,
    BidTooLow,
    Contest,
    ContestEvent,
    ContestOver,
    ContestState,
    OwnContest,
    TooManyContests,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.placing import grant
from marketplace.trading.risk import check_audience, check_purpose
from marketplace.trading.stops import (
    TradingStopped,
    check_stops,
    is_barred,
    is_halted,
)
from marketplace.trading.venue import (
    AboveCeiling,
    BookState,
    InstrumentClosed,
    NotVerified,
    OffLot,
    OffTick,
    OrderTooLarge,
    SoldOut,
    Venue,
    WrongOrder,
)
from settlement.clearing import Trade
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Pocket, Transfer

NO_ORDER = 0  # a contest fills no order


@handles(OpenContest)
def open_contest(market: Market, command: OpenContest, seq: int, at_us: int) -> int:
    """Open a contest of the vendor's own instrument; its number."""
    venue = market.venue(command.instrument)
    if command.member != venue.vendor:
        raise NotFound("instrument", encode("instrument", command.instrument))
    _check_trading(market, venue, command.member)
    if venue.trial_of is not None:
        raise WrongOrder("instrument")
    if venue.scope.exclusive and command.quantity != venue.lot:
        raise WrongOrder("quantity")
    if command.kind not in KINDS:
        raise WrongOrder("kind")
    _check_quantity(command.quantity, venue)
    for price in (command.start, command.reserve):
        _check_price(price, command.quantity, venue)
    if command.reserve < command.start:
        raise WrongOrder("reserve")
    _check_steps(command, venue, at_us)
    market.contests.check_room(command.member)
    deposit = -(-command.start * command.quantity * DEPOSIT_BPS // 10_000)
    contest = Contest(
        market.contests.last + 1, seq, at_us, command.by, command.member,
        venue.instrument, venue.terms, command.kind, command.quantity, command.start,
        command.reserve, command.increment, command.closes_us, command.extension_us,
        deposit, due_us=command.closes_us,
    )  # fmt: skip
    market.contests.open(contest)
    return contest.number


def _check_trading(market: Market, venue: Venue, member: int) -> None:
    """Refuse what may not trade now: the member, the instrument, the market."""
    if member not in market.verified:
        raise NotVerified(member)
    check_stops(market, venue, member)
    if venue.state is not BookState.LISTED:
        raise InstrumentClosed(venue.symbol, str(venue.state))


def _check_vendor(market: Market, contest: Contest) -> None:
    """Refuse while the vendor may not sell; a stop of its own binds no bidder."""
    if not _may_sell(market, contest):
        raise TradingStopped(everybody=False)


def _may_sell(market: Market, contest: Contest) -> bool:
    """Tell whether the vendor may sell what it has put up."""
    vendor = contest.vendor
    return vendor in market.verified and not is_barred(market, vendor)


def _check_quantity(quantity: int, venue: Venue) -> None:
    if not 0 < quantity <= QUANTITY_MAX:
        raise WrongOrder("quantity")
    if quantity % venue.lot:
        raise OffLot(quantity, venue.lot)


def _check_price(price: int, quantity: int, venue: Venue) -> None:
    if not 0 < price <= PRICE_MAX:
        raise WrongOrder("price")
    if price % venue.tick:
        raise OffTick(price, venue.tick)
    if venue.price_max is not None and price > venue.price_max:
        raise AboveCeiling(price, venue.price_max)
    if price * quantity > VALUE_MAX:
        raise OrderTooLarge(price * quantity, VALUE_MAX)


def _check_steps(command: OpenContest, venue: Venue, at_us: int) -> None:
    """Check increment, window and extension; a sealed contest has only a window."""
    ascending = command.kind == "ascending"
    if not (0 < command.increment <= PRICE_MAX if ascending else not command.increment):
        raise WrongOrder("increment")
    if command.increment % venue.tick:
        raise OffTick(command.increment, venue.tick)
    if not WINDOW_MIN_US <= command.closes_us - at_us <= WINDOW_MAX_US:
        raise WrongOrder("closes_us")
    if not 0 <= command.extension_us <= (EXTENSION_MAX_US if ascending else 0):
        raise WrongOrder("extension_us")


@handles(BidInContest)
def bid(market: Market, command: BidInContest, seq: int, at_us: int) -> tuple[int, int]:
    """Take a bid; the bid's number and when the contest closes now."""
    contest = market.contests.get(command.contest)
    venue, member = market.venue(contest.instrument), command.member
    check_audience(member, venue)
    if contest.state is not ContestState.OPEN:
        raise ContestOver(str(contest.state))
    if member == contest.vendor:
        raise OwnContest
    _check_trading(market, venue, member)
    _check_vendor(market, contest)
    exclusivity.check(market, member, venue, at_us)
    check_purpose(command.purpose, command.member, venue)
    _check_price(command.price, contest.quantity, venue)
    best = contest.ranking()
    if not contest.is_sealed and best and best[0].member == member:
        raise AlreadyLeading
    if command.price < contest.least():
        raise BidTooLow(command.price, contest.least())
    bidder = contest.bidders.get(member)
    if bidder is None:
        if len(contest.bidders) >= BIDDERS_MAX:
            raise TooManyContests(BIDDERS_MAX)
        market.ledger.require(member, venue.currency, contest.deposit)
        what = venue.currency, contest.deposit, "deposit", contest.number
        market.ledger.post(seq, [bonds.hold(market, member, *what)])
        bidder = contest.bidders[member] = Bidder(contest.number, member, 0, 0, "")
    bidder.price, bidder.placed_seq = command.price, seq
    bidder.purpose = command.purpose
    market.contests.note(contest, bidder, BidderState.HELD)
    if contest.closes_us - at_us < contest.extension_us:
        market.contests.defer(contest, at_us + contest.extension_us)
    number = market.contests.last_bid = market.contests.last_bid + 1
    market.contests.bids.append(
        (number, seq, at_us, contest.number, member, command.by, command.price)
    )
    return number, contest.closes_us


@handles(PayContest)
def pay(market: Market, command: PayContest, seq: int, at_us: int) -> int:
    """Settle what the member has won; the trade's number."""
    contest = market.contests.get(command.contest)
    if contest.winner != command.member:
        raise NotFound("contest", encode("contest", command.contest))
    venue = market.venue(contest.instrument)
    _check_trading(market, venue, command.member)
    _check_vendor(market, contest)
    exclusivity.check(market, command.member, venue, at_us)
    market.ledger.require(command.member, venue.currency, _owed(contest))
    return _sell(market, venue, contest, seq, at_us)


@handles(CancelContest)
def cancel(market: Market, command: CancelContest, _seq: int, _at_us: int) -> None:
    """Withdraw the vendor's contest, if nobody has bid."""
    contest = market.contests.get(command.contest)
    if contest.vendor != command.member:
        raise NotFound("contest", encode("contest", command.contest))
    if contest.bidders:
        raise BidsStand(encode("contest", contest.number))
    market.contests.move(contest, ContestEvent.CANCEL)


def call_off(market: Market, venue: Venue, seq: int) -> None:
    """End what is under way in an instrument that is sold so no more."""
    for contest in list(market.contests.of(venue.instrument)):
        _give_back(market, venue, contest, contest.ranking(), seq)
        contest.winner = contest.price = None
        market.contests.move(contest, ContestEvent.CANCEL)


def come_due(market: Market, contest: Contest, seq: int, at_us: int) -> None:
    """Close a contest, or pass on from a winner who has not paid in time.

    A halt of the house holds the clock's hand: what is due waits until trade goes on.
    """
    venue = market.venue(contest.instrument)
    if is_halted(market, venue) or venue.state is not BookState.LISTED:
        market.contests.defer(contest, at_us + HALT_US)
        return
    if contest.state is ContestState.AWARDED and _may_sell(market, contest):
        assert contest.winner is not None, contest
        winner = contest.bidders[contest.winner]
        if _may(market, venue, winner.member, at_us):
            if _pays(market, venue, contest):
                _sell(market, venue, contest, seq, at_us)
                return
            _forfeit(market, venue, contest, winner, seq)
    _award(market, venue, contest, seq, at_us)


def _award(
    market: Market, venue: Venue, contest: Contest, seq: int, at_us: int
) -> None:
    """Give it to the best bidder who may have it; keep the next one's deposit too."""
    held, may = contest.ranking(), _may_sell(market, contest)
    out = [bidder for bidder in held if not _may(market, venue, bidder.member, at_us)]
    _give_back(market, venue, contest, out, seq, BidderState.EXCLUDED)
    ranked = [b for b in held if b not in out and b.price >= contest.reserve and may]
    _give_back(
        market, venue, contest,
        [b for b in held if b not in out and b not in ranked[:2]], seq,
    )  # fmt: skip
    if not ranked:
        contest.winner = contest.price = None
        market.contests.move(contest, ContestEvent.FAIL)
        return
    contest.winner, contest.price = ranked[0].member, contest.price_for(ranked[0])
    market.contests.move(contest, ContestEvent.AWARD)
    if _pays(market, venue, contest):
        _sell(market, venue, contest, seq, at_us)
    else:
        market.contests.defer(contest, at_us + PAY_US)


def _may(market: Market, venue: Venue, member: int, at_us: int) -> bool:
    """Tell whether a bidder may still have it.

    Neither the bidder's own stop nor the vendor's choice of members, once the bid was
    taken, undoes a bid.
    """
    try:
        exclusivity.check(market, member, venue, at_us)
    except SoldOut:
        return False
    return member in market.verified and not is_barred(market, member)


def _owed(contest: Contest) -> int:
    """Return what the winner needs beside the deposit, in minor units."""
    assert contest.price is not None, contest
    return contest.price * contest.quantity - contest.deposit


def _pays(market: Market, venue: Venue, contest: Contest) -> bool:
    """Tell whether the winner's money is there."""
    assert contest.winner is not None, contest
    return market.ledger.balance(contest.winner, venue.currency) >= _owed(contest)


def _sell(market: Market, venue: Venue, contest: Contest, seq: int, at_us: int) -> int:
    """Settle the sale: the deposit back, delivery, payment and fee in one set."""
    assert contest.winner is not None, contest
    assert contest.price is not None, contest
    winner = contest.bidders[contest.winner]
    number = market.last_trade = market.last_trade + 1
    trade = Trade(
        number, seq, at_us, venue.instrument, contest.price, contest.quantity,
        venue.currency, winner.member, contest.vendor, NO_ORDER, NO_ORDER, "buy",
        charging.fee(
            market, venue, "contest", contest.vendor, contest.price * contest.quantity
        ), "contest",
        deferring.opening(market, venue, "contest", contest.price * contest.quantity),
    )  # fmt: skip
    back = _deposit_back(market, venue, contest, winner.member)
    moves = clear(market, venue, trade, Pocket.FREE, Pocket.OPEN)
    market.ledger.post(seq, [back, *moves])
    market.trades_new.append(trade)
    grant(market, venue, trade, winner.purpose)
    if venue.scope.product:
        exclusivity.withdraw_bids(market, venue, winner.member, seq)
    market.contests.note(contest, winner, BidderState.PAID)
    _give_back(market, venue, contest, contest.ranking(), seq)
    contest.trade = number
    market.contests.move(contest, ContestEvent.SELL)
    return number


def _forfeit(
    market: Market, venue: Venue, contest: Contest, winner: Bidder, seq: int
) -> None:
    """Give the deposit of who did not pay to the vendor."""
    what = venue.currency, contest.deposit, "forfeit", contest.number
    move = bonds.forfeit(market, winner.member, contest.vendor, *what)
    market.ledger.post(seq, [move])
    market.contests.note(contest, winner, BidderState.FORFEITED)


def _give_back(
    market: Market,
    venue: Venue,
    contest: Contest,
    bidders: list[Bidder],
    seq: int,
    state: BidderState = BidderState.RETURNED,
) -> None:
    """Give deposits back."""
    moves = []
    for one in bidders:
        moves.append(_deposit_back(market, venue, contest, one.member))
        market.contests.note(contest, one, state)
    market.ledger.post(seq, moves)


def _deposit_back(
    market: Market, venue: Venue, contest: Contest, member: int
) -> Transfer:
    """Return the transfer that gives a bidder its deposit back."""
    what = venue.currency, contest.deposit, "deposit_back", contest.number
    return bonds.give_back(market, member, *what)
