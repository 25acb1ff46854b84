"""The demo's price menus: use in tiers, team seats, a trial, public data."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine

from listings import admission, instruments, licences, publicdata, terms
from listings.admission import Actor
from listings.instruments import Unit
from listings.plans import Plan, Tier
from listings.publicdata import Authorisation, Classed
from listings.standard import STANDARD
from marketplace.admission import listing_command
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.pricing.changes import Period, announce
from marketplace.trading.commands import Line, PlaceOrder
from marketplace.trading.quoting import OfferPrice, TakeOffer
from settlement import clock

METERED, SEATS, PUBLIC = "ADDRAPI", "CITYOPS", "HOTLINE"
CALLS = Plan(
    10_000,
    (Tier(100_000, 2_800), Tier(1_000_000, 2_200), Tier(None, 1_600)),
    free_units=1_000,
    spend_cap=200_000,
    quota=5_000_000,
)
AGREEMENT = Authorisation(
    *("field", "城市治理", "government", "示范市政务服务和数据管理局（演示）"),
    *("示范市人民政府（演示）", "示范市数据局（演示）", "示范市数据集团（演示）"),
    *("云途数据科技（演示）", "", "12345 热线工单、办理结果与诉求分类（合成数据）"),
    *("2026-01-01", "2029-12-31"),
)
REASONS = (
    ("need", "高校课题，按交易惯例给予教育价。", 80, True),
    ("newcomer", "新用户首单优惠，活动至本月底。", 90, True),
    ("random", "公开抽签中签会员，规则已公示。", 85, False),
)


class Menus:
    """Adds to some listed products what four weeks of plain trading do not show."""

    def __init__(self, floor: Floor, writes: Engine, registrar: Actor) -> None:
        """Sell on *floor*; *registrar* admits what is added."""
        self._floor = floor
        self._writes = writes
        self._registrar = registrar

    def make(
        self, numbers: Mapping[str, int], traded: Mapping[str, Sequence[Traded]]
    ) -> None:
        """Add the menus; products by their codes."""
        term = traded[METERED][-1]
        self.add(
            numbers[METERED],
            term.vendor,
            {
                "ADDRAPI-METER": (unit_of("per_call", 365, plan=CALLS), 20_000),
                "ADDRAPI-TRY": (unit_of("trial", 7, trial_of=term.number), 0),
            },
        )
        seat = traded[SEATS][-1]
        team = unit_of("seat", 365, plan=Plan(seats=10))
        self.add(
            numbers[SEATS],
            seat.vendor,
            {
                "CITYOPS-TEAM10": (team, 1_900_000),
                "CITYOPS-HALF": (unit_of("per_term", 183), 900_000),
            },
        )
        self._try("ADDRAPI-TRY")
        self._open_public(numbers[PUBLIC], traded[PUBLIC])
        self._offer(seat)
        self._announce(traded[METERED][-1])

    def add(
        self,
        product: int,
        vendor: Trader,
        units: Mapping[str, tuple[Unit, int | None]],
    ) -> None:
        """Add instruments to a listed product, and post their prices, if any.

        Under the exchange's licence for internal use where a unit names none.
        """
        with self._writes.begin() as db:
            licence = _licence(db)
            made = {
                symbol: instruments.add(
                    db,
                    product,
                    unit._replace(symbol=symbol, licence=unit.licence or licence),
                )
                for symbol, (unit, _) in units.items()
            }
            told = admission.admit_added(db, product, self._registrar)
        for facts in told:
            if facts.instrument in made.values():
                self._floor.must(listing_command(self._registrar.id, facts))
        for symbol, (_, price) in units.items():
            if price is None:
                continue
            line = Line(made[symbol], "sell", price, 1, evergreen=True)
            self._floor.must(PlaceOrder(vendor.user, vendor.member, line))

    def capped(self, product: int, vendor: Trader, symbol: str) -> int:
        """Add a right for three years, without a price; the instrument."""
        self.add(product, vendor, {symbol: (unit_of("per_term", 1_095), None)})
        return self._floor.market.symbols[symbol]

    def _try(self, symbol: str) -> None:
        """Let two buyers try a product."""
        trial = self._floor.market.symbols[symbol]
        for buyer in self._floor.buyers[:2]:
            purpose = self._floor.purpose(trial)
            line = Line(trial, "buy", 0, 1, "IOC", purpose=purpose)
            self._floor.submit(PlaceOrder(buyer.user, buyer.member, line))

    def _open_public(self, product: int, traded: Sequence[Traded]) -> None:
        """Put a product of public data under an authorisation, free for welfare."""
        vendor = traded[0].vendor
        self.add(product, vendor, {"HOTLINE-PUBLIC": (unit_of("per_term", 365), 0)})
        free = self._floor.market.symbols["HOTLINE-PUBLIC"]
        classed = {
            one.number: Classed("industry", one.rounded(one.sold.price * 1.3))
            for one in traded
        }
        with self._writes.begin() as db:
            by = self._registrar.id
            number = publicdata.register(db, AGREEMENT, by)
            classed[free] = Classed("welfare")
            publicdata.classify(db, product, number, classed, by)
            told = terms.of_products(db, [product])
        for facts in told:
            self._floor.must(listing_command(self._registrar.id, facts))
        buyer = self._floor.buyers[2]
        line = Line(free, "buy", 0, 1, "IOC", purpose=publicdata.WELFARE_PURPOSES[0])
        self._floor.submit(PlaceOrder(buyer.user, buyer.member, line))

    def _offer(self, traded: Traded) -> None:
        """Offer some buyers a price of their own, each for a recorded reason."""
        vendor, until_us = traded.vendor, self._floor.at_us + 30 * clock.DAY_US
        rich = sorted(
            self._floor.buyers,
            key=lambda buyer: -self._floor.free(buyer.member, traded.currency),
        )
        for buyer, (reason, note, percent, taken) in zip(rich, REASONS, strict=False):
            price = traded.rounded(traded.price * percent / 100)
            offer = self._floor.submit(
                OfferPrice(
                    vendor.user,
                    vendor.member,
                    traded.number,
                    buyer.member,
                    price,
                    1,
                    reason,
                    note,
                    until_us,
                )
            )
            if taken and offer is not None:
                purpose = self._floor.purpose(traded.number)
                take = TakeOffer(buyer.user, buyer.member, offer, purpose)
                self._floor.submit(take)

    def _announce(self, traded: Traded) -> None:
        """Announce a higher price of what is renewed by the year."""
        by = Actor(traded.vendor.user, traded.vendor.member)
        higher = traded.rounded(traded.price * 1.1)
        now_us = self._floor.at_us
        period = Period(now_us, now_us + 30 * clock.DAY_US)
        with self._writes.begin() as db:
            announce(db, by, traded.number, (traded.price, higher), period)


def unit_of(mode: str, days: int, **more: object) -> Unit:
    """Return a unit in yuan; symbol and licence come later."""
    return Unit("", 0, mode, tick=100, term_days=days)._replace(**more)  # type: ignore[arg-type]


def _licence(db: Connection) -> int:
    """Return the number of the exchange's licence for internal use."""
    made = licences.ensure(db, STANDARD)
    return next(number for (one, _), number in made.items() if one == "internal")
