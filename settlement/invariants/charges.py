"""What a trade may be charged, derived again from the published rules."""

import json
from typing import Any

BPS = 10_000


def due(general_bps: int, rules: str, number: int, value: int) -> int | None:
    """Return the fee on *value* by rule *number* of a schedule (0: the general rate).

    None if there is no such rule. Rounded up once, never more than the value.
    """
    listed = json.loads(rules)
    if not 0 <= number <= len(listed):
        return None
    bps, fixed, least, tiers = (general_bps, 0, 0, [])
    if number:
        bps, fixed, least, tiers = listed[number - 1][4]
    if value <= 0:
        return 0
    total, start = 0, 0
    for end, part in [*tiers, (max(value, tiers[-1][0] if tiers else 0), bps)]:
        if value > start:
            total += (min(value, end) - start) * part
        start = end
    charged = fixed + (total + BPS - 1) // BPS
    return min(value, max(charged, least))


def covers(rules: str, number: int, trade: Any) -> bool:
    """Tell whether rule *number* is the first that is for such a trade."""
    way = "book" if trade.origin == "pinned" else trade.origin
    for place, (currency, kind, origin, seller, _) in enumerate(json.loads(rules), 1):
        fits = (
            currency in (0, trade.currency)
            and kind in ("", trade.kind)
            and origin in ("", way)
            and seller in (0, trade.seller)
        )
        if fits:
            return place == number
    return number == 0
