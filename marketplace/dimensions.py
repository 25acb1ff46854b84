"""What the statistics are counted by, and what is counted: codes and columns by name.

In both languages at once, for files that are read in either.
"""

from collections.abc import Mapping
from functools import cache

from listings.standard import ALL
from listings.vocabulary import CLASSES, INDUSTRIES, MODES, SECTORS, Name, regions
from settlement.statistics.columns import UNKNOWN

_UNKNOWN = {UNKNOWN: Name("不详", "Unknown")}
ORIGINS = {
    "on_book": Name("盘中", "On-book"),
    "negotiated": Name("协议", "Negotiated"),
    "auction": Name("竞价", "Auction"),
    "filed": Name("备案", "Filed"),
    "off_exchange": Name("场外（仅模拟）", "Off-exchange, simulated only"),
}
MODELS = {
    "posted": Name("挂牌价", "Posted price"),
    "matched": Name("撮合", "Matched"),
    "negotiated": Name("协议", "Negotiated"),
    "call": Name("集合竞价", "Call auction"),
    "contest": Name("竞买", "Contest"),
    "filed": Name("备案", "Filed"),
    "off_exchange": Name("场外（仅模拟）", "Off-exchange, simulated only"),
}
SUPPLY = {
    "public": Name("公共数据", "Public data"),
    "enterprise": Name("企业数据", "Enterprise data"),
    "personal": Name("个人数据", "Personal data"),
}
BORDERS = {
    "domestic": Name("境内", "Domestic"),
    "cross": Name("跨境", "Cross-border"),
}
# What one may count by, in the order in which it is offered.
DIMENSIONS: Mapping[str, Name] = {
    "class": Name("产品类别", "Class"),
    "sector": Name("数据要素×行业", "Sector"),
    "industry": Name("国民经济行业", "Industry (GB/T 4754)"),
    "vendor_region": Name("供方地区", "Region of the vendor"),
    "buyer_region": Name("买方地区", "Region of the buyer"),
    "data_region": Name("数据地区", "Region of the data"),
    "model": Name("交易模式", "Market model"),
    "origin": Name("成交来源", "Origin"),
    "licence": Name("许可", "Licence"),
    "supply": Name("数据来源类型", "Kind of supply"),
    "unit": Name("计价单位", "Unit"),
    "border": Name("境内外", "Border"),
    "day": Name("日期", "Day"),
}
COLUMNS: Mapping[str, Name] = {
    **DIMENSIONS,
    "period": Name("期间", "Period"),
    "state": Name("状态", "State"),
    "currency": Name("币种", "Currency"),
    "term_days": Name("期限（日）", "Term, days"),
    "turnover": Name("成交额", "Turnover"),
    "settled": Name("已结算", "Settled"),
    "trades": Name("笔数", "Trades"),
    "share": Name("占比", "Share"),
    "mean": Name("平均", "Mean"),
    "median": Name("中位数", "Median"),
    "weighted": Name("加权均价", "Weighted mean"),
    "negotiated_share": Name("协议占比", "Negotiated share"),
    "free_uses": Name("免费使用", "Free uses"),
    "month_on_month": Name("环比", "On the month"),
    "year_on_year": Name("同比", "On the year"),
    "listed": Name("挂牌", "Listed"),
    "delisted": Name("摘牌", "Delisted"),
    "registered": Name("登记", "Registered"),
    "vendors": Name("供方", "Vendors"),
    "buyers": Name("买方", "Buyers"),
    "sellers": Name("卖方", "Sellers"),
    "active_sellers": Name("活跃卖方", "Active sellers"),
    "active_buyers": Name("活跃买方", "Active buyers"),
    "traded": Name("有成交", "Traded"),
    "rate": Name("转化率", "Rate"),
    "settled_share": Name("已结算占比", "Settled"),
    "disputed_share": Name("争议占比", "Disputed"),
    "unwound_share": Name("解除占比", "Unwound"),
    "posted_share": Name("明码标价率", "With a posted price"),
    "cr5_sellers": Name("前五卖方份额", "CR5 of sellers"),
    "hhi_sellers": Name("卖方 HHI", "HHI of sellers"),
    "cr5_buyers": Name("前五买方份额", "CR5 of buyers"),
    "hhi_buyers": Name("买方 HHI", "HHI of buyers"),
    "median_days": Name("天数（中位数）", "Days, median"),
    "first_pass": Name("一次通过率", "First pass"),
    "calls": Name("次数", "Calls"),
    "hit_rate": Name("查得率", "Hit rate"),
    "price": Name("价格", "Price"),
    "quantity": Name("数量", "Units"),
    "instruments": Name("标的数", "Instruments"),
    "instrument": Name("标的", "Instrument"),
    "vendor": Name("供方", "Vendor"),
    "symbol": Name("代码", "Symbol"),
    "place": Name("名次", "Place"),
    "parties": Name("参与方", "Parties"),
    "begins_us": Name("时段起", "Interval from"),
    "open": Name("开盘", "Open"),
    "high": Name("最高", "High"),
    "low": Name("最低", "Low"),
    "close": Name("收盘", "Close"),
    "volume": Name("成交量", "Volume"),
}
MONEY = frozenset(
    [
        "turnover",
        "settled",
        "mean",
        "median",
        "weighted",
        "price",
        "open",
        "high",
        "low",
        "close",
    ]
)
SHARES = frozenset(
    [
        "share",
        "negotiated_share",
        "month_on_month",
        "year_on_year",
        "rate",
        "settled_share",
        "disputed_share",
        "unwound_share",
        "posted_share",
        "cr5_sellers",
        "cr5_buyers",
        "first_pass",
        "hit_rate",
    ]
)
# Columns that say which row it is; all others are figures.
KEYS = frozenset(
    {*DIMENSIONS, "period", "state", "currency", "symbol", "instrument", "vendor"}
)


@cache
def codes() -> Mapping[str, Mapping[str, Name]]:
    """Return the codes of each dimension that has a list of them."""
    places = regions()
    licences = {one.code: Name(one.title_zh, one.title_en) for one in ALL}
    lists = {
        "class": CLASSES,
        "sector": SECTORS,
        "industry": INDUSTRIES,
        "vendor_region": places,
        "buyer_region": places,
        "data_region": places,
        "model": MODELS,
        "origin": ORIGINS,
        "licence": licences,
        "supply": SUPPLY,
        "unit": MODES,
        "border": BORDERS,
        "state": {"listed": Name("挂牌中", "Listed")},
    }
    return {name: {**known, **_UNKNOWN} for name, known in lists.items()}


def called(code: str, dimension: str, language: str) -> str:
    """Return what a code of a dimension is called in *language*; itself if nothing."""
    found = codes().get(dimension, {}).get(code)
    return str(getattr(found, language)) if found else code
