"""The naive twin of the matcher: one list, sorted anew each time, obviously right.

It takes operations that are well formed and answers with the events of issue 2. Its
only data structure is the list of waiting orders in order of arrival.
"""

from typing import Any

from tests.properties import naive_auction

Json = dict[str, Any]


class NaiveMarket:
    """What `databourse match` promises, in as few words as possible."""

    def __init__(self, *, allow_self_trade: bool = False) -> None:
        """Start with nothing waiting."""
        self.allow_self_trade = allow_self_trade
        self.waiting: list[Json] = []
        self.used: set[str] = set()
        self.now = 0
        self.calls: set[str | None] = set()
        self.last: dict[str | None, int] = {}

    def feed(self, line: int, op: Json) -> list[Json]:
        """Carry out *op*, found on *line*, and return the events."""
        at_us = op.get("at_us", self.now)
        refused = {"event": "refused", "line": line, "id": op.get("id")}
        if at_us < self.now:
            return [{**refused, "code": "time_went_back"}]
        self.now = at_us
        events = list(self.expire())
        answer = getattr(self, op["op"])(op)
        if isinstance(answer, str):
            return [*events, {**refused, "code": answer}]
        return [*events, *answer]

    def expire(self) -> list[Json]:
        """Let the orders go whose time has come, the earliest first."""
        due = [order for order in self.waiting if self.is_over(order)]
        due.sort(key=lambda order: order["expires_us"])
        self.waiting = [order for order in self.waiting if order not in due]
        return [
            {"event": "expired", "id": order["id"], "quantity": order["remaining"]}
            for order in due
        ]

    def is_over(self, order: Json) -> bool:
        """Tell whether the time of *order* has come."""
        return order["expires_us"] is not None and order["expires_us"] <= self.now

    def place(self, op: Json) -> list[Json] | str:
        """Place an order."""
        defaults = {"expires_us": None, "instrument": None, "member": None}
        order = {"time_in_force": "GTC", **defaults, **op, "remaining": op["quantity"]}
        if order["id"] in self.used:
            return "duplicate_id"
        if self.is_over(order):
            return "already_expired"
        if order["instrument"] in self.calls:
            return self.collect(order)
        makers = self.makers(order)
        if op.get("post_only") and makers:
            return "would_take"
        self.used.add(order["id"])
        events: list[Json] = [{"event": "accepted", "id": order["id"]}]
        kind = order["time_in_force"]
        mine = [o for o in makers if self.same_member(o, order)]
        before_mine = makers[: makers.index(mine[0])] if mine else makers
        reachable = sum(maker["remaining"] for maker in before_mine)
        if kind == "FOK" and reachable < order["quantity"]:
            return [*events, cancelled(order, "fill_or_kill")]
        for maker in before_mine:
            quantity = min(maker["remaining"], order["remaining"])
            if quantity:
                maker["remaining"] -= quantity
                order["remaining"] -= quantity
                trade = {"event": "trade", "maker": maker["id"], "taker": order["id"]}
                events.append({**trade, "price": maker["price"], "quantity": quantity})
                self.last[order["instrument"]] = maker["price"]
        self.waiting = [maker for maker in self.waiting if maker["remaining"]]
        if order["remaining"]:
            if mine:
                events.append(cancelled(order, "self_trade"))
            elif kind == "IOC":
                events.append(cancelled(order, "immediate_or_cancel"))
            elif order["price"] is None:
                events.append(cancelled(order, "no_liquidity"))
            else:
                self.waiting.append(order)
        return events

    def makers(self, order: Json) -> list[Json]:
        """Return the waiting orders that *order* may meet, in order of priority."""
        other = {"buy": "sell", "sell": "buy"}[order["side"]]
        return [
            maker
            for maker in self.queue(order["instrument"], other)
            if order["price"] is None
            or (other == "sell" and maker["price"] <= order["price"])
            or (other == "buy" and maker["price"] >= order["price"])
        ]

    def queue(self, instrument: str | None, side: str) -> list[Json]:
        """Return the waiting orders of one side, the best price first, then by time."""
        one = [o for o in self.among(instrument) if o["side"] == side]
        return sorted(one, key=lambda o: o["price"] if side == "sell" else -o["price"])

    def top(self, instrument: str | None, side: str) -> list[int] | None:
        """Return the best price of one side and the quantity there."""
        queue = self.queue(instrument, side)
        best = [o["remaining"] for o in queue if o["price"] == queue[0]["price"]]
        return [queue[0]["price"], sum(best)] if queue else None

    def same_member(self, one: Json, other: Json) -> bool:
        """Tell whether two orders must not meet."""
        if self.allow_self_trade or one["member"] is None:
            return False
        return bool(one["member"] == other["member"])

    def find(self, name: str) -> Json | str:
        """Return the waiting order called *name*, or why there is none."""
        found = [order for order in self.waiting if order["id"] == name]
        if found:
            return found[0]
        return "order_ended" if name in self.used else "unknown_order"

    def cancel(self, op: Json) -> list[Json] | str:
        """Cancel an order."""
        order = self.find(op["id"])
        if isinstance(order, str):
            return order
        self.waiting.remove(order)
        return [cancelled(order, "requested")]

    def reduce(self, op: Json) -> list[Json] | str:
        """Reduce an order."""
        order = self.find(op["id"])
        if isinstance(order, str):
            return order
        if op["quantity"] > order["remaining"]:
            return "reduce_too_large"
        order["remaining"] -= op["quantity"]
        self.waiting = [order for order in self.waiting if order["remaining"]]
        return [{"event": "reduced", "id": op["id"], "remaining": order["remaining"]}]

    def among(self, instrument: str | None) -> list[Json]:
        """Return the waiting orders in one book."""
        return [o for o in self.waiting if o["instrument"] == instrument]

    def collect(self, order: Json) -> list[Json] | str:
        """Let an order wait for the uncross, unless it could meet its member's own."""
        if order["time_in_force"] in ("IOC", "FOK"):
            return "immediate_in_call"
        self.used.add(order["id"])
        accepted = {"event": "accepted", "id": order["id"]}
        for other in self.among(order["instrument"]):
            if other["side"] != order["side"] and self.same_member(other, order):
                buy, sell = sorted((other, order), key=lambda o: str(o["side"]))
                if None in (buy["price"], sell["price"]) or (
                    buy["price"] >= sell["price"]
                ):
                    return [accepted, cancelled(order, "self_trade")]
        self.waiting.append(order)
        return [accepted]

    def phase(self, op: Json) -> list[Json]:
        """Begin or end a call."""
        name = op.get("instrument")
        if op.get("reference") is not None:
            self.last[name] = op["reference"]
        events: list[Json] = []
        if name in self.calls and op["phase"] == "continuous":
            found = naive_auction.indication(self.among(name), self.last.get(name))
            if found["quantity"]:
                answer = self.uncross({"instrument": name})
                assert isinstance(answer, list)
                events += answer
            for side in ("buy", "sell"):
                for order in self.among(name):
                    if order["price"] is None and order["side"] == side:
                        self.waiting.remove(order)
                        events.append(cancelled(order, "no_liquidity"))
        (self.calls.add if op["phase"] == "call" else self.calls.discard)(name)
        told = {
            "event": "phase",
            "phase": op["phase"],
            "reference": self.last.get(name),
        }
        return [*events, named(told, name)]

    def indicative(self, op: Json) -> list[Json] | str:
        """Tell the price at which the call would end."""
        name = op.get("instrument")
        if name not in self.calls:
            return "not_in_call"
        found = naive_auction.indication(self.among(name), self.last.get(name))
        return [named({"event": "indicative", **found}, name)]

    def uncross(self, op: Json) -> list[Json] | str:
        """Trade at one price, unit by unit."""
        name = op.get("instrument")
        if name not in self.calls:
            return "not_in_call"
        found = naive_auction.indication(self.among(name), self.last.get(name))
        events = [named({"event": "uncross", **found}, name)]
        pairs: list[tuple[Json, Json]] = []
        for _ in range(found["quantity"]):
            buy, sell = (
                next(
                    o
                    for o in naive_auction.queue(self.among(name), side, found["price"])
                    if o["remaining"]
                )
                for side in ("buy", "sell")
            )
            buy["remaining"] -= 1
            sell["remaining"] -= 1
            pairs.append((buy, sell))
        order = self.waiting.index
        for pair in [p for i, p in enumerate(pairs) if p not in pairs[:i]]:
            maker, taker = sorted(pair, key=order)
            trade = {"event": "trade", "maker": maker["id"], "taker": taker["id"]}
            quantity = pairs.count(pair)
            events.append({**trade, "price": found["price"], "quantity": quantity})
        self.waiting = [o for o in self.waiting if o["remaining"]]
        if found["quantity"]:
            self.last[name] = found["price"]
        return events

    def flush(self, _: Json) -> list[Json]:
        """Empty the books and forget the ids."""
        self.waiting, self.used, self.calls, self.last = [], set(), set(), {}
        return [{"event": "flushed"}]


def named(event: Json, instrument: str | None) -> Json:
    """Add the instrument, where one was named."""
    return event if instrument is None else {**event, "instrument": instrument}


def cancelled(order: Json, reason: str) -> Json:
    """Say that the rest of *order* is cancelled."""
    rest = {"id": order["id"], "quantity": order["remaining"]}
    return {"event": "cancelled", **rest, "reason": reason}
