"""The questions counted again in plain Python: slow, obvious, and without SQL."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from settlement.statistics import tape
from tests.settlement.statistics.conftest import (
    EVENTS,
    INSTRUMENTS,
    MEMBERS,
    USAGE,
    about,
)

CURRENCY = {1: "CNY", 2: "USD"}
ORIGIN = {"book": "on_book", "negotiated": "negotiated", "filed": "filed"}
Rows = list[tuple[Any, ...]]
By = tuple[str, ...]
EVENT = [
    "id",
    "at_us",
    "month",
    "event",
    "product",
    "vendor",
    "class",
    "sector",
    "industry",
    "vendor_region",
    "data_region",
    "supply",
]


def trades(written: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the trades with all that they are counted by."""
    found = []
    for row in written:
        said = about(SimpleNamespace(**row))
        day = tape.day_of(row["at_us"])
        found.append(
            row
            | said._asdict()
            | {
                "class": said.kind, "origin": ORIGIN[row["origin"]],
                "currency": CURRENCY[row["currency"]], "day": day, "month": day[:7],
                "value": row["price"] * row["quantity"],
            }
        )  # fmt: skip
    return found


def events() -> list[dict[str, Any]]:
    return [dict(zip(EVENT, row, strict=True)) for row in EVENTS]


def grouped(
    rows: Iterable[dict[str, Any]], by: By, *, width: int = 7, money: bool = True
) -> list[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    """Return the rows by period, dimensions and currency, in order."""
    found = defaultdict(list)
    for row in rows:
        key = (row["month"][:width], *(row[name] for name in by))
        found[(*key, row["currency"]) if money else key].append(row)
    return sorted(found.items())


def total(rows: Iterable[dict[str, Any]]) -> int:
    return sum(row["value"] for row in rows)


def share(some: float, whole: float) -> float | None:
    return round(some / whole, 6) if whole else None


def s05_turnover(rows: list, by: By) -> Rows:
    return [(*key, total(of), total(of)) for key, of in grouped(rows, by)]


def s06_trades(rows: list, by: By) -> Rows:
    return [
        (
            *key, len(of), round(total(of) / len(of), 6),
            float(statistics.median(row["value"] for row in of)),
        )
        for key, of in grouped(rows, by)
    ]  # fmt: skip


def s07_origin(rows: list, by: By) -> Rows:
    whole = {key: total(of) for key, of in grouped(rows, by)}
    return [
        (*key, total(of), share(total(of), whole[(*key[:-2], key[-1])]))
        for key, of in grouped(rows, (*by, "origin"))
    ]


def s08_public_data(rows: list, by: By) -> Rows:
    public = [row for row in rows if row["supply"] == "public"]
    return [
        (*key, total(of), sum(row["value"] == 0 for row in of))
        for key, of in grouped(public, (*by, "supply"))
    ]


def s09_cross_border(rows: list, by: By) -> Rows:
    crossing = [row for row in rows if row["border"] == "cross"]
    return [
        (*key, total(of), len(of)) for key, of in grouped(crossing, (*by, "border"))
    ]


def s10_growth(rows: list, by: By) -> Rows:
    known = {key: total(of) for key, of in grouped(rows, by)}
    found = []
    for (month, *rest), turnover in known.items():
        year, number = int(month[:4]), int(month[5:])
        before = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"
        bases = (known.get((at, *rest)) for at in (before, f"{year - 1}{month[4:]}"))
        grown = (round(turnover / base - 1, 6) if base else None for base in bases)
        found.append((month, *rest, turnover, *grown))
    return found


def s12_service(rows: list, by: By) -> Rows:
    return [(*key, len(of), 1.0, 0.0, 0.0) for key, of in grouped(rows, by)]


def s13_prices(rows: list, by: By) -> Rows:
    return [
        (
            *key,
            round(sum(row["price"] for row in of) / len(of), 6),
            float(statistics.median(row["price"] for row in of)),
            round(total(of) / sum(row["quantity"] for row in of), 6),
            share(sum(row["origin"] == "negotiated" for row in of), len(of)),
        )
        for key, of in grouped(rows, (*by, "unit", "term_days"))
    ]


def s14_concentration(rows: list, by: By) -> Rows:
    found = []
    for key, of in grouped(rows, by):
        line: list[Any] = []
        for side in ("seller", "buyer"):
            sums: dict[int, int] = defaultdict(int)
            for row in of:
                sums[row[side]] += row["value"]
            shares = sorted((v / total(of) for v in sums.values() if v), reverse=True)
            hhi = sum(each * each for each in shares)
            line += [round(sum(shares[:5]), 6), round(hhi, 6), len(shares)]
        found.append((*key, *line))
    return found


def top_vendors(rows: list, _by: By) -> Rows:
    found = []
    for (month, currency), of in grouped(rows, ()):
        bought: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for row in of:
            bought[row["seller"]][row["buyer"]] += row["value"]
        whole = {seller: sum(by.values()) for seller, by in bought.items()}
        fair = [
            seller
            for seller, by in bought.items()
            if len(by) >= 3 and max(by.values()) <= 0.75 * whole[seller]
        ]
        ranked = sorted(fair, key=lambda seller: (-whole[seller], seller))
        found += [
            (month, currency, seller, place, len(bought[seller]))
            for place, seller in enumerate(ranked[:20], start=1)
        ]
    return found


def _listed(month: str) -> list[dict[str, Any]]:
    """Return the steps of the products that are listed at the end of a month."""
    standing: dict[int, dict[str, Any]] = {}
    for step in sorted(events(), key=lambda step: step["at_us"]):
        if step["month"] <= month and step["event"] == "listed":
            standing[step["product"]] = step
        elif step["month"] <= month and step["event"] == "delisted":
            standing.pop(step["product"], None)
    return list(standing.values())


def s01_listed(rows: list, by: By) -> Rows:
    found: dict[tuple[Any, ...], int] = {}
    steps = events()
    months = {step["month"] for step in steps} | {row["month"] for row in rows}
    for month in months:
        ever = [s for s in steps if s["month"] <= month and s["event"] == "listed"]
        for step in ever:
            found.setdefault((month, *(step[name] for name in by)), 0)
        for step in _listed(month):
            found[month, *(step[name] for name in by)] += 1
    return [(*key, count) for key, count in sorted(found.items())]


def _counted(by: By, *names: str) -> Rows:
    steps = [step for step in events() if step["event"] in names]
    return [
        (*key, *(sum(step["event"] == name for step in of) for name in names))
        for key, of in grouped(steps, by, money=False)
    ]


def s02_movements(_rows: list, by: By) -> Rows:
    return _counted(by, "listed", "delisted")


def s03_registered(_rows: list, by: By) -> Rows:
    return _counted(by, "registered")


def s04_members(rows: list, _by: By) -> Rows:
    months = {row["month"] for row in rows} | {member[5] for member in MEMBERS}
    found = []
    for month in sorted(months):
        there = [member for member in MEMBERS if member[5] <= month]
        active = [row for row in rows if row["month"] == month]
        found.append(
            (
                month, sum(m[3] for m in there), sum(m[4] for m in there),
                len({row["seller"] for row in active}),
                len({row["buyer"] for row in active}),
            )
        )  # fmt: skip
    return found


def s11_conversion(rows: list, by: By) -> Rows:
    product = {line[0]: line[2] for line in INSTRUMENTS}
    found = []
    for (month,), of in grouped(rows, (), money=False):
        sold = {product[row["instrument"]] for row in of}
        there = defaultdict(list)
        for step in _listed(month):
            there[month, *(step[name] for name in by)].append(step["product"])
        for key, listed in there.items():
            traded = sum(number in sold for number in listed)
            found.append((*key, len(listed), traded, share(traded, len(listed))))
    return sorted(found)


def s13_posted(_rows: list, by: By) -> Rows:
    names = ("instrument", "symbol", "product", "vendor", "class", "sector", "posted")
    units = [dict(zip(names, line, strict=False)) for line in INSTRUMENTS]
    found = grouped([unit | {"month": "listed"} for unit in units], by, money=False)
    return [
        (*key, len(of), share(sum(unit["posted"] for unit in of), len(of)))
        for key, of in found
    ]


def s16_review(_rows: list, by: By) -> Rows:
    of_product = defaultdict(dict)
    for step in sorted(events(), key=lambda step: -step["at_us"]):
        of_product[step["product"]][step["event"]] = step
    done = [steps for steps in of_product.values() if "registered" in steps]
    found = []
    registered = [steps["registered"] for steps in done]
    for key, of in grouped(registered, by, money=False):
        some = [of_product[step["product"]] for step in of]
        days = [
            s["registered"]["at_us"] - s["submitted"]["at_us"] for s in some
        ]  # fmt: skip
        passed = sum("returned" not in s for s in some)
        median = round(statistics.median(days) / 86_400_000_000, 6)
        found.append((*key, len(of), median, share(passed, len(of))))
    return found


def s17_usage(_rows: list, by: By) -> Rows:
    names = ("month", "instrument", "class", "sector", "calls", "hits")
    rows = [dict(zip(names, row, strict=True)) for row in USAGE]
    found = []
    for key, of in grouped(rows, by, money=False):
        metered = [row for row in of if row["hits"] is not None]
        hits, calls = (sum(row[n] for row in metered) for n in ("hits", "calls"))
        found.append((*key, sum(row["calls"] for row in of), share(hits, calls)))
    return found


TWINS: dict[str, Callable[[list, By], Rows]] = {
    name: value
    for name, value in list(globals().items())
    if (name.startswith("s") and name[1:3].isdigit()) or name == "top_vendors"
}
