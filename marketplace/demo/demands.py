"""What the demo's buyers look for and nobody lists: a few demands on the board."""

from sqlalchemy import Connection

from marketplace.community import demands
from marketplace.community.demands import Wanted
from marketplace.demo.floor import Trader
from settlement import clock

# title, description, sector, purpose, budget in minor units or None, days open
_WANTED = (
    (
        "长三角港口集装箱逐日堆存量",
        "需宁波、上海、连云港三港，2022 年至今，按箱型与空重分列，每日更新。",
        "transportation",
        "internal_analysis",
        6_000_000,
        45,
    ),
    (
        "County-level pig prices, weekly",
        "Live hogs and piglets, at least 200 counties, from 2020, with sources.",
        "modern-agriculture",
        "product_development",
        None,
        30,
    ),
    (
        "医院门诊量的脱敏时段统计",
        "省会城市三级医院，按科室与小时汇总，不含任何个人信息；用于排班模型训练。",
        "healthcare",
        "model_training",
        12_000_000,
        60,
    ),
)

UNNAMED = 1  # which of them is posted without the member's name


def post(db: Connection, buyers: list[Trader]) -> None:
    """Post the demands, each by another buyer."""
    now_us = clock.now_us()
    for turn, (buyer, wanted) in enumerate(zip(buyers, _WANTED, strict=False)):
        title, description, sector, purpose, budget, days = wanted
        until_us = now_us + days * clock.DAY_US
        demand = Wanted(
            *(title, description, until_us, "", sector, purpose, budget),
            anonymous=turn == UNNAMED,
        )
        demands.post(db, buyer.member, buyer.user, demand)
