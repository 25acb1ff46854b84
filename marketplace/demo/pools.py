"""The demo's group buys: one that has closed, one that may be joined."""

from collections.abc import Mapping, Sequence

from marketplace.demo.floor import Floor, Traded
from marketplace.trading.commands import Tick
from marketplace.trading.pooling import JoinPool, OpenPool
from settlement import clock

SHARES = ((1, 100), (5, 85), (10, 70), (20, 55))  # licensees, per cent of the price
# Product, how long it is open, how many join before the demo begins.
GROUPED = (("WXAPI", clock.HOUR_US, 11), ("METROOD", 12 * clock.DAY_US, 7))
LEAST = 5


def gather(floor: Floor, traded: Mapping[str, Sequence[Traded]]) -> None:
    """Open the group buys and let buyers join; the first has closed at the end."""
    for code, open_us, joining in GROUPED:
        sold = traded[code][0]
        tiers = tuple(
            (least, sold.rounded(sold.price * s / 100)) for least, s in SHARES
        )
        by, member = sold.vendor.user, sold.vendor.member
        closes_us = floor.at_us + open_us
        number = floor.must(OpenPool(by, member, sold.number, tiers, LEAST, closes_us))
        rich = sorted(
            (b for b in floor.buyers if b.member != member),
            key=lambda b: -floor.free(b.member, sold.currency),
        )
        for buyer in rich[:joining]:
            purpose = floor.purpose(sold.number)
            floor.submit(JoinPool(buyer.user, buyer.member, number, purpose))
        if open_us == clock.HOUR_US:
            floor.plan(closes_us, lambda: floor.must(Tick()))
            floor.run_until(closes_us + 1)
