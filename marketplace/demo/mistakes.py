"""The demo's market control: slips of the finger, a basket, a designated vendor."""

from sqlalchemy import Engine

from marketplace.demo.floor import Floor, Trader
from marketplace.demo.resale import LIVELY
from marketplace.members.users import User
from marketplace.surveillance import presence
from marketplace.surveillance.presence import Owed
from marketplace.trading.commands import Line, PlaceBasket, PlaceOrder
from marketplace.trading.control import Decide
from marketplace.trading.mistakes import struck_trade
from marketplace.trading.orders import SELL
from marketplace.trading.questioning import QuestionTrade
from settlement import clock

SLIP = "误将数量多输一位，双方确认。One digit too many was typed; both sides agree."
WRONG = "标价少写一位。The price lacked a digit; it is brought to the posted one."
ASKED = "买方称误点购买，待核实。The buyer says it was a misclick; to be checked."
OWED = Owed(spread_bps=1_000, size=5, present_bps=6_000)
BASKET = 3  # products
DESIGNATED_DAYS = 20


def make(floor: Floor, writes: Engine, staff: dict[str, User]) -> None:
    """Bust one trade, adjust one, question one; buy a basket; designate a vendor."""
    desk, approver = staff["surveillance"].id, staff["settlement_approver"].id
    bought = _buy(floor, floor.buyers[0])
    for trade, change, reason in zip(
        bought, (0, -20, None), (SLIP, WRONG, ASKED), strict=False
    ):
        with writes.connect() as db:
            struck = struck_trade(db, trade)
        tick = floor.market.venues[struck.instrument].tick
        price = None
        if change:  # per cent
            price = max(tick, struck.price * (100 + change) // 100 // tick * tick)
        asked = floor.must(QuestionTrade(desk, struck, price, reason))
        if change is not None:
            floor.must(Decide(approver, asked, approve=True))
    _buy_together(floor, floor.buyers[1])
    lively = [one for one in floor.traded if one.product.code in LIVELY]
    with writes.begin() as db:
        for one in lively[:1]:
            begins_us = floor.at_us - DESIGNATED_DAYS * clock.DAY_US
            made = one.number, one.vendor.member, OWED, begins_us, desk
            presence.designate(db, *made)


def _posted(floor: Floor, buyer: Trader) -> list[tuple[int, int]]:
    """Return what is posted in yuan for anybody, the cheapest first, with its price."""
    found = []
    for number, venue in sorted(floor.market.venues.items()):
        best = venue.book.best(SELL)
        open_to_all = venue.audience is None and not venue.scope.exclusive
        if best is None or not best.evergreen or not best.price or venue.call:
            continue
        at_once = not venue.acceptance.days and venue.trial_of is None
        own = venue.vendor == buyer.member
        if venue.currency == 1 and open_to_all and at_once and not own:
            found.append((best.price, number))
    return [(number, price) for price, number in sorted(found)]


def _buy(floor: Floor, buyer: Trader) -> list[int]:
    """Let a buyer take three posted prices; the trades."""
    trades: list[int] = []
    for number, price in _posted(floor, buyer):
        venue = floor.market.venues[number]
        purpose = floor.purpose(number)
        line = Line(number, "buy", price, venue.lot, "IOC", purpose=purpose)
        placed = floor.submit(PlaceOrder(buyer.user, buyer.member, line))
        if placed is not None and len(placed.trades) == 1:
            trades.append(placed.trades[0][0])
        if len(trades) == BASKET:
            break
    return trades


def _buy_together(floor: Floor, buyer: Trader) -> None:
    """Let a buyer take products of several vendors in one basket, all or none."""
    lines: dict[int, Line] = {}  # one of each vendor
    total = 0
    for number, price in _posted(floor, buyer):
        venue = floor.market.venues[number]
        if venue.vendor in lines or len(lines) == BASKET:
            continue
        purpose = floor.purpose(number)
        lines[venue.vendor] = Line(number, "buy", None, venue.lot, purpose=purpose)
        total += price * venue.lot
    wanted = tuple(lines.values())
    floor.submit(PlaceBasket(buyer.user, buyer.member, wanted, total))
