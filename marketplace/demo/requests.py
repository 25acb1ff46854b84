"""The demo's request for quotes with its answers, and tenders with deposits."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, insert, update

from marketplace.community import demands, inquiries, tables
from marketplace.community.demands import Wanted
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.members import users
from marketplace.pricing import revising
from marketplace.trading.commands import Tick
from marketplace.trading.offers import ASKED
from marketplace.trading.quoting import CounterOffer, OfferPrice
from marketplace.trading.sealing import CallTender, SealBid
from marketplace.trading.tenders import BIDDERS_MIN, WEIGHTS, Bid, commitment
from marketplace.vault import Vault
from settlement import clock
from settlement.canonical import canonical

QUANTITY = 2
# Product, its quote in per cent of the posted price, what the vendor adds in words.
QUOTED = (
    ("FOOTFL", 92, "两份一并签约，含上线支持 20 人天。"),
    ("METROOD", 88, "Monthly refresh included; history from 2021."),
    ("SCENIC", 97, "按原挂牌条件，另附字段对照表。"),
)
SEALED = (
    ("AIRQAPI", 84, "方案：站点数据按小时更新。"),
    ("BUSENV", 90, "方案：含质检报告。"),
)
OPENABLE = (
    ("AIRQAPI", 84, "方案：站点数据按小时更新，含接口支持。"),
    ("BUSENV", 90, "方案：含质检报告与字段说明。"),
    ("METROOD", 78, "方案：月度更新，附历史数据。"),
)
CLOSED_US = 2 * clock.MINUTE_US  # then it waits for somebody to open the bids
TENDERS = (
    ("城市环境与营商综合数据服务（年度框架）", 6 * clock.DAY_US, SEALED),
    ("通勤与空气质量联合分析数据（一年）", CLOSED_US, OPENABLE),
)
DEPOSIT = 500_000  # minor units: 1.67 per cent of the budget
CHANGES = "希望价格再降 5%，并补充节假日的逐时数据；我方需在下季度上线。"


class Requests:
    """Lets buyers ask, and vendors answer, in the open and under seal."""

    def __init__(self, floor: Floor, writes: Engine, vault: Vault) -> None:
        """Answer on *floor*; sealed bids lie in *vault*."""
        self._floor = floor
        self._writes = writes
        self._vault = vault

    def make(self, traded: Mapping[str, Sequence[Traded]]) -> None:
        """Ask for quotes, haggle over one, ask for changes of one; call two tenders.

        One takes sealed bids, the other is closed and waits to be opened.
        """
        rich = sorted(
            self._floor.buyers, key=lambda buyer: -self._floor.free(buyer.member, 1)
        )
        vendors = tuple(traded[code][0].vendor.member for code, *_ in QUOTED)
        title = "商圈、景区与轨道客流数据，各两份年度授权"
        asked = self._ask(rich[0], title, inquiries.CHOSEN, vendors)
        until_us = self._floor.at_us + 20 * clock.DAY_US
        for code, percent, note in QUOTED:
            one = traded[code][0]
            price = one.rounded(one.price * percent / 100)
            quote = self._floor.must(
                OfferPrice(
                    one.vendor.user, one.vendor.member, one.number, rich[0].member,
                    price, QUANTITY, ASKED, note, until_us, asked,
                )
            )  # fmt: skip
            if code == "METROOD":
                purpose = self._floor.purpose(one.number)
                lower = one.rounded(price * 0.9)
                self._floor.submit(
                    CounterOffer(
                        rich[0].user, rich[0].member, quote, lower, QUANTITY,
                        "两份打包，望再优惠。", until_us, purpose,
                    )
                )  # fmt: skip
            if code == "SCENIC":
                self._ask_changes(rich[0], quote)
        self._tender(rich[1], traded, TENDERS[0])
        self._tender(rich[2], traded, TENDERS[1])
        closed_us = self._floor.at_us + CLOSED_US
        self._floor.plan(closed_us, lambda: self._floor.must(Tick()))
        self._floor.run_until(closed_us + 1)

    def _ask_changes(self, buyer: Trader, quote: int) -> None:
        """Let the buyer ask for changes of a quote; its vendor has yet to answer."""
        with self._writes.begin() as db:
            by = users.get(db, buyer.user)
            revising.ask(db, by, quote, ("delivery", "price"), CHANGES)

    def _ask(
        self,
        buyer: Trader,
        title: str,
        audience: str,
        vendors: tuple[int, ...] = (),
        days: int = 30,
    ) -> int:
        """Post a demand as of the demo's present; its number."""
        wanted = Wanted(
            title,
            "需按月更新、字段齐全、可用于内部分析；请写明更新频率与支持方式。",
            clock.now_us() + days * clock.DAY_US,
            purpose="internal_analysis",
            budget=30_000_000,
            quantity=QUANTITY,
            audience=audience,
            vendors=vendors,
        )
        now_us = self._floor.at_us
        dated = {"at_us": now_us, "until_us": now_us + days * clock.DAY_US}
        with self._writes.begin() as db:
            number = demands.post(db, buyer.member, buyer.user, wanted)
            mine = tables.demands.c.id == number
            db.execute(update(tables.demands).where(mine).values(dated))
        return number

    def _tender(
        self,
        buyer: Trader,
        traded: Mapping[str, Sequence[Traded]],
        wanted: tuple[str, int, Sequence[tuple[str, int, str]]],
    ) -> None:
        """Call a tender with a deposit, for a while; vendors have sealed their bids."""
        title, open_us, bids = wanted
        days = max(1, open_us // clock.DAY_US)
        number = self._ask(buyer, title, inquiries.PUBLIC, days=days)
        closes_us = self._floor.at_us + open_us
        rules = (closes_us, BIDDERS_MIN, *WEIGHTS, DEPOSIT)
        self._floor.must(CallTender(buyer.user, buyer.member, number, *rules))
        for code, percent, note in bids:
            one = traded[code][0]
            price = one.rounded(one.price * percent / 100)
            vendor = one.vendor
            salt = f"demo-{code}"
            bid = Bid(vendor.member, one.number, price, QUANTITY, note, salt)
            hidden = commitment(number, bid)
            kept = {"demand": number, "vendor": vendor.member, "commitment": hidden}
            kept |= {
                "body": self._vault.lock(canonical(bid)),
                "at_us": self._floor.at_us,
            }
            with self._writes.begin() as db:
                db.execute(insert(tables.sealed_bids).values(kept))
            self._floor.must(SealBid(vendor.user, vendor.member, number, hidden))
