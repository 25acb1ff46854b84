"""A national market made up from a seed, calibrated to the published figures of 2024.

Nothing of it happened: the manifest says so, and so does whatever shows it. Contracts
have log-normal values of median ¥0.3 m and mean ¥2.5 m; the many small trades beside
them are packs of metered calls (domain §12: few trades, many calls). Turnover of the
last year is ¥160 bn, 30 % above the year before, and ¥30 bn of it on the exchange,
filed trades included. Every trade is a function of its number and the seed alone, so
chunks may be made in any order. The values of contracts follow a low-discrepancy
sequence (R2; Roberts 2018), so that few have the mean that many would have.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from settlement.statistics.manifest import Manifest, write_manifest
from settlement.statistics.warehouse import Warehouse, write_queries

YEAR = 2024  # the last of the two years
TURNOVER_FEN = 16_000_000_000_000  # ¥160 bn (National Data Administration)
GROWTH = 1.3
CONTRACT_MEDIAN_FEN = 30_000_000  # ¥0.3 m
CONTRACT_SIGMA = 2.0594  # of the logarithm: mean ÷ median = exp(σ² ÷ 2) = 2.5 ÷ 0.3
CONTRACT_MEAN_FEN = 250_000_000
CONTRACTS_MAX = 64_000  # a year of them is ¥160 bn
PACK_FEN = 2_800  # ¥28 for 10,000 calls
PACKS_MAX = 20  # in one trade
ON_EXCHANGE = 0.1875  # ¥30 bn of 160, filed included
TRADES_MAX = 500_000_000
VENDORS, BUYERS, PER_VENDOR = 1_600, 3_000, 3
BUYER_MIN, INSTRUMENT_FIRST = 10_000, 1_000
TOLERANCE = 0.05  # of the figures that it is calibrated to, from 100,000 trades on
SPLIT_TOLERANCE = 0.10  # of how they split: a few large contracts weigh much

PROVINCES = (  # by weight of the data industry, our estimate; codes of GB/T 2260
    *(["11"] * 7 + ["31"] * 7 + ["44"] * 9 + ["33"] * 6 + ["32"] * 6 + ["37"] * 4),
    *(["51"] * 3 + ["52"] * 3 + ["42"] * 3 + ["34"] * 2 + ["35"] * 2 + ["41"] * 2),
    *(["50"] * 2 + ["43"] * 2 + ["61"] * 2 + ["12"] * 2 + ["13"] * 2 + ["21"]),
    *("14", "15", "22", "23", "36", "45", "46", "53", "62", "63", "64", "65", "54"),
    "81",
)
SECTORS = (  # the twelve, finance and industry first, as exchanges report
    *(["financial-services"] * 6 + ["industrial-manufacturing"] * 4),
    *(["commerce-circulation"] * 3 + ["transportation"] * 2 + ["healthcare"] * 2),
    *(["urban-governance"] * 2 + ["sci-tech-innovation"] * 2 + ["culture-tourism"]),
    *("modern-agriculture", "emergency-management", "meteorological-services"),
    "green-low-carbon",
)
INDUSTRIES = (
    ("financial-services", "J"), ("industrial-manufacturing", "C"),
    ("commerce-circulation", "F"), ("transportation", "G"), ("healthcare", "Q"),
    ("urban-governance", "S"), ("sci-tech-innovation", "M"), ("culture-tourism", "R"),
    ("modern-agriculture", "A"), ("emergency-management", "S"),
    ("meteorological-services", "M"), ("green-low-carbon", "D"),
)  # fmt: skip
LICENCES = ("internal", "internal", "display", "derived", "training", "redistribution")
SUPPLY = ("public", "enterprise", "enterprise", "unknown")
CLASSES = ["dataset"] * 9 + ["service"] * 8 + ["application"] * 3  # 45 / 40 / 15 %


class Month(NamedTuple):
    """One month: its trades have the numbers from *first* on."""

    first: date
    days: int
    number: int
    trades: int


def months(trades: int) -> list[Month]:
    """Return the twenty-four months, and how the trades fall on them."""
    found, number = [], 1
    for place in range(24):
        year, month = YEAR - 1 + place // 12, place % 12 + 1
        first = date(year, month, 1)
        days = (date(year + month // 12, month % 12 + 1, 1) - first).days
        share = (GROWTH if year == YEAR else 1.0) / (12 * (1 + GROWTH))
        count = round(trades * share)
        if place == 23:
            count = trades - number + 1
        found.append(Month(first, days, number, count))
        number += count
    return found


def simulate(
    directory: Path,
    trades: int,
    seed: int,
    report: Callable[[int], None] = lambda _done: None,
) -> Manifest:
    """Write a tape of *trades* simulated trades of two years; *report* hears how many.

    The same number and seed give the same rows.
    """
    assert 0 < trades <= TRADES_MAX
    directory.mkdir(parents=True, exist_ok=True)
    every = contract_every(trades)
    scale = _scale(trades)
    files: dict[str, tuple[str, ...]] = {}

    def queries() -> Iterator[tuple[str, Path]]:
        for month in months(trades):
            for day, number, count in _days(month):
                if not count:
                    continue
                name = f"day-{number + count - 1}.parquet"
                target = directory / "trades" / f"day={day}" / name
                yield _trades(day, number, count, seed, every, scale), target
                files[f"{day}"] = (name,)
                report(count)
        yield _instruments(), directory / "instruments.parquet"
        yield _members(), directory / "members.parquet"

    write_queries(queries())
    manifest = Manifest(seq=trades, trade=trades, days=files, simulated=True)
    write_manifest(directory, manifest)
    return manifest


def _days(month: Month) -> Iterator[tuple[date, int, int]]:
    """Yield each day with the first number of its trades, and how many they are."""
    done = 0
    for day in range(month.days):
        until = round(month.trades * (day + 1) / month.days)
        yield month.first + timedelta(day), month.number + done, until - done
        done = until


def contract_every(trades: int) -> int:
    """Return among how many trades one is a contract; the others are packs of calls."""
    return max(1, round(trades * GROWTH / (1 + GROWTH) / CONTRACTS_MAX))


def _scale(trades: int) -> float:
    """Return what a contract's value is multiplied by, to reach the year's turnover.

    About one; above it if there are fewer trades than the nation has contracts.
    """
    last_year = trades * GROWTH / (1 + GROWTH)
    contracts = last_year / contract_every(trades)
    packs = (last_year - contracts) * PACK_FEN * (1 + PACKS_MAX) / 2
    return (TURNOVER_FEN - packs) / (contracts * CONTRACT_MEAN_FEN)


def _uniform(salt: int, seed: int, of: str = "n") -> str:
    """Return SQL for a number in (0, 1) that depends on *of*, salt and seed alone."""
    return f"((hash({of}, {salt}, {seed}) >> 11) + 0.5) / 9007199254740992.0"


def _pick(codes: list[str] | tuple[str, ...], salt: int, of: str) -> str:
    """Return SQL for one of *codes*, the same for equal *of* whatever the seed."""
    listed = ", ".join(f"'{code}'" for code in codes)
    place = f"CAST(1 + hash({of}, {salt}) % {len(codes)} AS BIGINT)"
    return f"list_extract([{listed}], {place})"


def _trades(
    day: date, number: int, count: int, seed: int, every: int, scale: float
) -> str:
    """Return the query for one day's trades."""
    begins = (day - date(1970, 1, 1)).days * 86_400_000_000 - 28_800_000_000
    turn = (seed * 0.618033988749895) % 1
    sectors = " ".join(f"WHEN '{code}' THEN '{one}'" for code, one in INDUSTRIES)
    return f"""
WITH numbered AS (
    SELECT range AS n, range % {every} = 0 AS contract,
        1 + CAST(floor({VENDORS} * pow({_uniform(1, seed, "range")}, 2)) AS BIGINT)
            AS seller,
        {BUYER_MIN} + CAST(floor({BUYERS} * pow({_uniform(2, seed, "range")}, 1.5))
            AS BIGINT) AS buyer,
        CAST(hash(range, 3, {seed}) % {PER_VENDOR} AS BIGINT) AS which,
        range // {every} AS k, hash(range, 6, {seed}) % {PACKS_MAX} AS packs
    FROM range({number}, {number + count})
),
valued AS (
    SELECT *, {INSTRUMENT_FIRST} + (seller - 1) * {PER_VENDOR} + which AS instrument,
        sqrt(-2 * ln(1 - ((k * 0.7548776662466927 + {turn}) % 1)))
            * cos(2 * pi() * ((k * 0.5698402909980532 + {turn}) % 1)) AS normal
    FROM numbered
),
placed AS (
    -- About the rank of the value, in fine strata: each has its share of every origin.
    SELECT *, (997 / (1 + exp(-1.702 * normal)) + {turn}) % 1 AS place FROM valued
),
priced AS (
    SELECT *,
        CASE WHEN contract THEN CAST(greatest(100, round({CONTRACT_MEDIAN_FEN * scale}
            * exp({CONTRACT_SIGMA} * normal))) AS BIGINT) ELSE {PACK_FEN} END AS price,
        CASE WHEN contract THEN 1 ELSE 1 + CAST(packs AS BIGINT) END AS quantity,
        CASE WHEN NOT contract THEN 'on_book'
            WHEN place < {ON_EXCHANGE * 0.25} THEN 'negotiated'
            WHEN place < {ON_EXCHANGE * 0.3} THEN 'auction'
            WHEN place < {ON_EXCHANGE * 0.4} THEN 'on_book'
            WHEN place < {ON_EXCHANGE} THEN 'filed'
            ELSE 'off_exchange' END AS origin,
        {_pick(SECTORS, 11, "seller")} AS sector,
        {_pick(PROVINCES, 12, "seller")} AS vendor_region,
        {_pick(PROVINCES, 13, "buyer")} AS buyer_region,
        {_pick(PROVINCES, 14, "instrument")} AS data_region
    FROM placed
)
SELECT n AS id, n AS seq,
    {begins} + (n - {number}) * (86400000000 // {count}) AS at_us,
    '{day:%Y-%m}' AS month, instrument, price, quantity,
    price * quantity AS value, 'CNY' AS currency, buyer, seller, 'buy' AS taker,
    CAST(0 AS BIGINT) AS fee, 'settled' AS state, origin,
    CASE origin WHEN 'on_book' THEN 'posted' WHEN 'auction' THEN 'contest'
        ELSE origin END AS model,
    CASE WHEN contract THEN 'whole' ELSE 'per_call' END AS unit,
    CAST(0 AS INTEGER) AS term_days,
    CASE WHEN contract THEN {_pick(CLASSES, 15, "instrument")} ELSE 'service' END
        AS class,
    sector, CASE sector {sectors} END AS industry,
    vendor_region, buyer_region, data_region,
    {_pick(LICENCES, 16, "instrument")} AS licence,
    {_pick(SUPPLY, 17, "instrument")} AS supply, 'none' AS use_class,
    CASE WHEN vendor_region = '81' OR buyer_region = '81' THEN 'cross'
        ELSE 'domestic' END AS border
FROM priced
ORDER BY n
"""


def _instruments() -> str:
    number = f"{INSTRUMENT_FIRST} + range"
    return f"""
SELECT {number} AS instrument, 'SIM-' || CAST({number} AS VARCHAR) AS symbol,
    {number} AS product, 1 + range // {PER_VENDOR} AS vendor,
    {_pick(CLASSES, 15, f"({number})")} AS class,
    {_pick(SECTORS, 11, f"(1 + range // {PER_VENDOR})")} AS sector,
    hash({number}, 18) % 4 > 0 AS posted, 'listed' AS state
FROM range({VENDORS * PER_VENDOR})
"""


def _members() -> str:
    halves = (
        f"SELECT range AS member, {_pick(PROVINCES, salt, 'range')} AS region,"
        f" 'company' AS kind, {sells} AS sells, NOT {sells} AS buys,"
        f" '{YEAR - 1}-01' AS month FROM range({first}, {first + many})"
        for salt, sells, first, many in (
            (12, "true", 1, VENDORS),
            (13, "false", BUYER_MIN, BUYERS),
        )
    )
    return " UNION ALL ".join(halves)


class Target(NamedTuple):
    """One figure that the market is calibrated to, and what the tape says."""

    zh: str
    en: str
    wanted: float
    found: float
    tolerance: float = TOLERANCE

    @property
    def is_met(self) -> bool:
        """Tell whether it is within the tolerance."""
        return abs(self.found / self.wanted - 1) <= self.tolerance


CALIBRATION = f"""
SELECT
    sum(value) FILTER (WHERE month >= '{YEAR}-01') AS turnover,
    cast(sum(value) FILTER (WHERE month >= '{YEAR}-01') AS DOUBLE)
    / sum(value) FILTER (WHERE month < '{YEAR}-01') AS growth,
    sum(value) FILTER (
        WHERE month >= '{YEAR}-01' AND origin <> 'off_exchange'
    ) AS inside,
    median(value) FILTER (WHERE unit = 'whole') AS middle,
    cast(sum(value) FILTER (WHERE unit = 'whole') AS DOUBLE)
    / count(*) FILTER (WHERE unit = 'whole') AS mean
FROM trades
"""


def calibration(warehouse: Warehouse, trades: int) -> list[Target]:
    """Compare the tape with the published figures; money in yuan."""
    ((turnover, growth, inside, middle, mean),) = warehouse.ask(CALIBRATION).rows
    scale = _scale(trades)
    yuan = 100  # fen
    inside_wanted = TURNOVER_FEN * ON_EXCHANGE / yuan
    median_wanted = CONTRACT_MEDIAN_FEN * scale / yuan
    mean_wanted = CONTRACT_MEAN_FEN * scale / yuan
    return [
        Target("成交额", "Turnover", TURNOVER_FEN / yuan, turnover / yuan),
        Target("同比（倍）", "Over the year before", GROWTH, growth),
        Target(
            *("场内（含备案）", "On the exchange, filed included"),
            *(inside_wanted, inside / yuan, SPLIT_TOLERANCE),
        ),
        Target("合同额中位数", "Median of contracts", median_wanted, middle / yuan),
        Target("合同额平均", "Mean of contracts", mean_wanted, mean / yuan),
    ]
