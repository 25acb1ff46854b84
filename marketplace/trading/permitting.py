"""Mandates carried out: given and ended, and every command judged by its user's.

`judge` runs before whatever a bounded user asks for. An agent may do what `AGENTS`
lists and nothing else; what anybody bounded spends stays within price, purposes and
budget.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from marketplace.trading.agreements import Agreement
from marketplace.trading.bidding import BidInContest, PayContest
from marketplace.trading.commands import (
    CancelOrder,
    Command,
    Deliver,
    Line,
    PlaceBasket,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from marketplace.trading.drafting import SignContract
from marketplace.trading.holds import cancel
from marketplace.trading.mandates import (
    LASTS_MAX_US,
    LISTED_MAX,
    NAME_MAX,
    AlreadyHeld,
    Mandate,
    MandateEvent,
    MandateOver,
    MandateState,
    OutsideMandate,
    OverBudget,
)
from marketplace.trading.mandating import EndMandate, GiveMandate
from marketplace.trading.market import BEFORE, Market, handles
from marketplace.trading.orders import BUY, VALUE_MAX, Order, Reason
from marketplace.trading.pooling import JoinPool
from marketplace.trading.quoting import CounterOffer, OfferPrice, TakeOffer
from marketplace.trading.risk import PURPOSE, check_audience
from marketplace.trading.texts import UNSTORABLE
from marketplace.trading.timetable import day_of
from marketplace.trading.using import DeclareUse, SetBudget
from marketplace.trading.venue import Venue, WrongOrder
from settlement.entitlements import EntitlementState
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.money import BY_ASSET

OWN = (CancelOrder, ReduceOrder, ReplaceOrder)
AGENTS = (PlaceOrder, PlaceBasket, TakeOffer, Deliver, *OWN)
AT_ONCE = (TakeOffer, OfferPrice, CounterOffer, JoinPool, SignContract)
# What an auction costs is known at its end; what use costs, when it is counted for the
# member; and whoever is bounded makes nobody who is bounded less.
UNBOUNDED = (BidInContest, PayContest, SetBudget, DeclareUse, GiveMandate)


class Want(NamedTuple):
    """What a command would buy of one instrument."""

    venue: Venue
    quantity: int
    cost: int  # at most, minor units
    purpose: str
    of: int | None = None  # the waiting order that it replaces


# ── given and ended ──


@handles(GiveMandate)
def give(market: Market, command: GiveMandate, seq: int, at_us: int) -> int:
    """Put a mandate in force; its number."""
    _check_bounds(market, command, at_us)
    mandate = Mandate(
        market.mandates.last + 1, seq, at_us, command.by, command.member, command.user,
        command.name, command.agent, command.currency, command.price_max,
        command.daily_max, command.total_max, command.approval_above, command.unique,
        command.instruments, command.purposes, command.until_us,
    )  # fmt: skip
    market.mandates.give(mandate)
    return mandate.number


def _check_bounds(market: Market, command: GiveMandate, at_us: int) -> None:
    """Refuse with WrongOrder what cannot be a mandate, UnknownInstrument."""
    name = command.name
    if not name.strip() or len(name) > NAME_MAX or UNSTORABLE.search(name):
        raise WrongOrder("name")
    if command.user <= 0 or (command.agent and command.user == command.by):
        raise WrongOrder("user")
    if command.currency not in BY_ASSET:
        raise WrongOrder("currency")
    for field in ("price_max", "daily_max", "total_max", "approval_above"):
        value = getattr(command, field)
        if value is not None and not 0 <= value <= VALUE_MAX:
            raise WrongOrder(field)
    _check_listed(market, command)
    purposes = list(command.purposes)
    if purposes != sorted(set(purposes)) or not all(map(PURPOSE.fullmatch, purposes)):
        raise WrongOrder("purposes")
    if not 0 < command.until_us - at_us <= LASTS_MAX_US:
        raise WrongOrder("until_us")


def _check_listed(market: Market, command: GiveMandate) -> None:
    """Refuse instruments that the member does not know or that cost other money."""
    listed = command.instruments
    if len(listed) > LISTED_MAX or list(listed) != sorted(set(listed)):
        raise WrongOrder("instruments")
    for number in listed:
        venue = market.venue(number)
        check_audience(command.member, venue)
        if venue.currency != command.currency:
            raise WrongOrder("currency")


@handles(EndMandate)
def end(market: Market, command: EndMandate, seq: int, _at_us: int) -> int:
    """End a mandate of the member's; how many orders were cancelled with it."""
    mandate = market.mandates.get(command.mandate, command.member)
    return _finish(market, mandate, MandateEvent.END, command.by, seq)


def come_due(market: Market, mandate: Mandate, seq: int, _at_us: int) -> None:
    """End a mandate whose time is over."""
    _finish(market, mandate, MandateEvent.EXPIRE, None, seq)


def _finish(
    market: Market, mandate: Mandate, event: MandateEvent, by: int | None, seq: int
) -> int:
    """End a mandate and cancel what waits under it; how many orders."""
    theirs = list(_waiting(market, mandate))
    lifted = event is MandateEvent.END and not mandate.agent
    market.mandates.end(mandate, event, by)
    if lifted:
        return 0  # a colleague's orders stay
    for order in theirs:
        cancel(market, order, seq, Reason.REQUESTED if by else Reason.EXPIRED)
    return len(theirs)


def _waiting(market: Market, mandate: Mandate) -> Iterator[Order]:
    """Yield the orders that wait under a mandate, in order of placing."""
    for number in market.mandates.waiting.get(mandate.user, ()):
        yield market.orders[number]


# ── every command of a bounded user ──


def judge(market: Market, command: Command, at_us: int) -> int:
    """Refuse what the user's mandate does not allow; what it spends at once.

    Orders spend as they trade. Raises MandateOver, OutsideMandate, OverBudget,
    AlreadyHeld, or what a command about something unknown would be refused with.
    """
    mandate = market.mandates.of.get(getattr(command, "by", 0))
    if mandate is None:
        return 0
    _check_kind(market, mandate, command)
    kind = type(command)
    if kind not in WANTS:
        return 0
    wants = list(WANTS[kind](market, mandate, command))
    if mandate.unique:
        _check_unique(market, mandate, wants)
    for want in wants:
        _check_want(mandate, want)
    cost = sum(want.cost for want in wants)
    if isinstance(command, PlaceBasket) and command.total_max is not None:
        cost = command.total_max
    _check_budget(market, mandate, cost, {want.of for want in wants}, at_us)
    return cost if kind in AT_ONCE else 0


def _check_kind(market: Market, mandate: Mandate, command: Command) -> None:
    """Refuse what such a user may not do at all, or not any more."""
    kind = type(command)
    if kind in UNBOUNDED or (mandate.agent and kind not in AGENTS):
        raise OutsideMandate(mandate.number, "command")
    if isinstance(command, EndMandate) and _lifts(market, command):
        raise OutsideMandate(mandate.number, "command")
    if mandate.member != getattr(command, "member", mandate.member):
        raise OutsideMandate(mandate.number, "member")
    bounded = mandate.agent or kind in WANTS
    if bounded and mandate.state is not MandateState.ACTIVE:
        raise MandateOver(mandate.number, str(mandate.state))
    if mandate.agent and isinstance(command, OWN):
        _check_own(market, mandate, command.order)


BEFORE.append(judge)


def _lifts(market: Market, command: EndMandate) -> bool:
    """Tell whether ending a mandate would let somebody spend more: a colleague's."""
    return not market.mandates.get(command.mandate, command.member).agent


def _check_own(market: Market, mandate: Mandate, order: int) -> None:
    """Refuse an agent that touches an order which is not its own."""
    if market.mandates.orders.get(order) != mandate.user:
        raise NotFound("order", encode("order", max(0, order)))


def _check_want(mandate: Mandate, want: Want) -> None:
    """Refuse an instrument, purpose or price outside it."""
    venue, number = want.venue, mandate.number
    if mandate.instruments and venue.instrument not in mandate.instruments:
        raise OutsideMandate(number, "instrument")
    if venue.currency != mandate.currency:
        raise OutsideMandate(number, "currency")
    if mandate.purposes and want.purpose not in mandate.purposes:
        raise OutsideMandate(number, "purpose")
    most = mandate.price_max
    if most is not None and want.cost > most * want.quantity:
        raise OutsideMandate(number, "price")


def _check_unique(market: Market, mandate: Mandate, wants: list[Want]) -> None:
    """Refuse what the member has a right to, or has bid for, and a thing twice."""
    wanted = {want.venue.instrument for want in wants}
    if len(wanted) < len(wants):
        raise OutsideMandate(mandate.number, "unique")
    replaced = {want.of for want in wants}
    bid_for = {
        order.instrument
        for order in market.orders_of.get(mandate.member, {}).values()
        if order.side is BUY and order.id not in replaced
    }
    for want in wants:
        rights = market.rights.of(mandate.member, want.venue.instrument)
        has = any(right.state is EntitlementState.ACTIVE for right in rights)
        if has or want.venue.instrument in bid_for:
            raise AlreadyHeld(want.venue.symbol)


def _check_budget(
    market: Market, mandate: Mandate, cost: int, replaced: set[int | None], at_us: int
) -> None:
    """Refuse with OverBudget what the day or the whole has not left.

    What waits in the books counts in full: it may trade at any moment.
    """
    waits = sum(
        _limit(market, order) * order.remaining
        for order in _waiting(market, mandate)
        if order.id not in replaced
    )
    left = mandate.daily_max - mandate.spent_on(day_of(at_us)) - waits
    if mandate.total_max is not None:
        left = min(left, mandate.total_max - mandate.spent - waits)
    if cost > left:
        raise OverBudget(mandate.number, cost, max(0, left))


def _limit(market: Market, order: Order) -> int:
    """Return what a unit of a waiting bid costs at most."""
    if order.price is not None:
        return order.price
    call = market.venue(order.instrument).call
    assert call is not None, order
    return call.ceiling


# ── what commands would buy ──


def _of_line(
    market: Market,
    mandate: Mandate,
    line: Line,
    of: int | None = None,
    within: int | None = None,
) -> Iterator[Want]:
    """Yield what a line would buy; one without a price needs the total of a basket."""
    if line.side != BUY:
        if mandate.agent:
            raise OutsideMandate(mandate.number, "side")
        return
    venue, quantity = market.venue(line.instrument), line.quantity
    check_audience(mandate.member, venue)
    if type(quantity) is not int or not 0 < quantity <= VALUE_MAX:
        raise WrongOrder("quantity")
    if line.price is None and within is not None and mandate.price_max is None:
        cost = within  # the total of the basket is the limit
    elif type(line.price) is int and line.price >= 0:
        cost = line.price * quantity
    else:
        raise OutsideMandate(mandate.number, "price")
    yield Want(venue, quantity, cost, line.purpose, of)


def _order(market: Market, mandate: Mandate, command: PlaceOrder) -> Iterator[Want]:
    return _of_line(market, mandate, command.line)


def _basket(market: Market, mandate: Mandate, command: PlaceBasket) -> Iterator[Want]:
    for line in command.lines:
        yield from _of_line(market, mandate, line, within=command.total_max)


def _replaced(
    market: Market, mandate: Mandate, command: ReplaceOrder
) -> Iterator[Want]:
    old = market.order_of(command.member, command.order)
    side, purpose = str(old.side), old.purpose or ""
    line = Line(old.instrument, side, command.price, command.quantity, purpose=purpose)
    return _of_line(market, mandate, line, old.id)


def _offered(market: Market, _mandate: Mandate, command: OfferPrice) -> Iterator[Want]:
    venue = market.venue(command.instrument)
    if command.to == venue.vendor:
        yield _want(venue, command.price, command.quantity, command.purpose)


def _countered(
    market: Market, _mandate: Mandate, command: CounterOffer
) -> Iterator[Want]:
    offer = market.offers.get(command.offer)
    if offer.member == command.member:
        venue = market.venue(offer.instrument)
        yield _want(venue, command.price, command.quantity, command.purpose)


def _taken(market: Market, mandate: Mandate, command: TakeOffer) -> Iterator[Want]:
    offer = market.offers.get(command.offer)
    if offer.member == command.member:
        venue = market.venue(offer.instrument)
        yield _want(venue, offer.price, offer.quantity, command.purpose)
    elif mandate.agent:
        raise OutsideMandate(mandate.number, "side")


def _joined(market: Market, _mandate: Mandate, command: JoinPool) -> Iterator[Want]:
    pool = market.pools.get(command.pool)
    venue = market.venue(pool.instrument)
    yield Want(venue, pool.quantity, pool.held, command.purpose)


def _signed(market: Market, _mandate: Mandate, command: SignContract) -> Iterator[Want]:
    one: Agreement = market.agreements.get(command.contract, command.member)
    if one.buyer == command.member:
        yield Want(market.venue(one.instrument), one.quantity, one.value, one.purpose)


def _want(venue: Venue, price: int, quantity: int, purpose: str) -> Want:
    if price < 0 or quantity <= 0:
        raise WrongOrder("price" if price < 0 else "quantity")
    return Want(venue, quantity, price * quantity, purpose)


WANTS: dict[type, Callable[[Market, Mandate, Any], Iterator[Want]]] = {
    PlaceOrder: _order,
    PlaceBasket: _basket,
    ReplaceOrder: _replaced,
    OfferPrice: _offered,
    CounterOffer: _countered,
    TakeOffer: _taken,
    JoinPool: _joined,
    SignContract: _signed,
}
