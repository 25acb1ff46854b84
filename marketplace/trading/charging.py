"""What the house takes of a trade, and which schedules it may publish."""

from itertools import pairwise

from marketplace.trading.commands import PublishFees
from marketplace.trading.market import Market, handles
from marketplace.trading.venue import Venue, WrongOrder
from settlement.fees import (
    RULES_MAX,
    TIERS_MAX,
    TRADE_BPS_MAX,
    FeeSchedule,
    Rate,
    Rule,
    rules_of,
)
from settlement.money import AMOUNT_MAX, BY_ASSET

KINDS = ("", "dataset", "service", "application")
ORIGINS = ("", "book", "auction", "negotiated", "contest", "group")


def rule(market: Market, venue: Venue, origin: str, seller: int) -> int:
    """Return the number of the rule for a trade; it is frozen into the contract."""
    if not market.fees.rules:
        return 0
    return market.fees.choose(venue.currency, venue.kind, origin, seller)


def fee(market: Market, venue: Venue, origin: str, seller: int, value: int) -> int:
    """Return what the seller of *value* minor units pays now."""
    return market.fees.rate(rule(market, venue, origin, seller)).fee(value)


@handles(PublishFees)
def publish_fees(market: Market, command: PublishFees, seq: int, _at_us: int) -> int:
    """Put the next fee schedule in force; its version."""
    if not 0 <= command.trade_bps <= TRADE_BPS_MAX:
        raise WrongOrder("trade_bps")
    try:
        rules = rules_of(command.rules)
    except (TypeError, ValueError, AssertionError):
        raise WrongOrder("rules") from None
    if len(rules) > RULES_MAX or not all(map(_possible, rules)):
        raise WrongOrder("rules")
    market.fees = FeeSchedule(market.fees.version + 1, command.trade_bps, rules)
    market.schedules[market.fees.version] = market.fees
    market.fees_new.append((market.fees, seq))
    return market.fees.version


def _possible(rule: Rule) -> bool:
    """Tell whether this is a rule: known codes, and amounts of one currency."""
    rate = rule.rate
    numbers = (rule.currency, rule.seller, rate.bps, rate.fixed, rate.minimum)
    if not all(isinstance(n, int) for n in (*numbers, *sum(rate.tiers, ()))):
        return False
    amounts = bool(rate.fixed or rate.minimum or rate.tiers)
    return (
        rule.kind in KINDS
        and rule.origin in ORIGINS
        and rule.seller >= 0
        and (rule.currency in BY_ASSET or (not rule.currency and not amounts))
        and 0 <= rate.fixed <= AMOUNT_MAX
        and 0 <= rate.minimum <= AMOUNT_MAX
        and _descending(rate)
    )


def _descending(rate: Rate) -> bool:
    """Tell whether tiers go up, and what they take goes down."""
    ends = [0, *(up_to for up_to, _ in rate.tiers)]
    taken = [TRADE_BPS_MAX, *(bps for _, bps in rate.tiers), rate.bps, 0]
    return (
        len(rate.tiers) <= TIERS_MAX
        and ends[-1] <= AMOUNT_MAX
        and all(low < high for low, high in pairwise(ends))
        and all(more >= less for more, less in pairwise(taken))
    )
