"""The naive twin of the call auction: tries every tick, sorts anew, obviously right."""

from typing import Any

Json = dict[str, Any]
NOTHING: Json = {"price": None, "quantity": 0, "surplus": 0, "side": None}


def at(price: int, orders: list[Json]) -> tuple[int, int]:
    """Return what is wanted and what is offered at *price*."""
    bids = [o for o in orders if o["side"] == "buy"]
    offers = [o for o in orders if o["side"] == "sell"]
    return (
        sum(o["remaining"] for o in bids if o["price"] is None or o["price"] >= price),
        sum(
            o["remaining"] for o in offers if o["price"] is None or o["price"] <= price
        ),
    )


def candidates(orders: list[Json], reference: int | None, tick: int) -> list[int]:
    """Return every tick from the lowest to the highest limit."""
    limits = [o["price"] for o in orders if o["price"] is not None]
    if limits:
        return list(range(min(limits), max(limits) + 1, tick))
    return [] if reference is None else [reference]


def indication(orders: list[Json], reference: int | None, tick: int = 1) -> Json:
    """Choose the price by the four rules, one after the other."""
    found = {price: at(price, orders) for price in candidates(orders, reference, tick)}
    volume = max((min(both) for both in found.values()), default=0)
    if not volume:
        return NOTHING
    left = {p: b - s for p, (b, s) in found.items() if min(b, s) == volume}
    least = min(abs(surplus) for surplus in left.values())
    left = {p: surplus for p, surplus in left.items() if abs(surplus) == least}
    if all(surplus > 0 for surplus in left.values()):
        price = max(left)
    elif all(surplus < 0 for surplus in left.values()):
        price = min(left)
    elif reference is None:
        price = max(left)
    else:
        nearest = min(abs(p - reference) for p in left)
        price = max(p for p in left if abs(p - reference) == nearest)
    side = {True: "buy", False: "sell"}[left[price] > 0] if left[price] else None
    return {"price": price, "quantity": volume, "surplus": least, "side": side}


def queue(orders: list[Json], side: str, price: int) -> list[Json]:
    """Return who may trade at *price*: market orders, then by price, then by time."""
    sign = -1 if side == "buy" else 1
    mine = [o for o in orders if o["side"] == side]
    mine = [o for o in mine if o["price"] is None or sign * (price - o["price"]) >= 0]
    market = [o for o in mine if o["price"] is None]
    rest = [o for o in mine if o["price"] is not None]
    return market + sorted(rest, key=lambda o: sign * o["price"])
