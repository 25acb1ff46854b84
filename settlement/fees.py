"""Fee schedules: numbered, with rules, and frozen into each contract."""

from typing import NamedTuple

from settlement.money import BPS

TRADE_BPS = 250  # Shanghai Data Exchange: 2.5 % of the trade, borne by the vendor
TRADE_BPS_MAX = 5_000
RULES_MAX = 50  # of one schedule
TIERS_MAX = 10  # of one rate
KEPT = "pinned"  # a posted price that was kept for a buyer: it is of the book
GENERAL = 0  # the number of the general rate; those of rules begin with 1


class Rate(NamedTuple):
    """What the house takes of the seller for one trade; amounts in minor units.

    Of each slice of the value up to the end of a tier its basis points, beyond the
    last tier *bps*; *fixed* on top, *minimum* at least, and never more than the value.
    Later tiers take no more than earlier ones: so cutting a trade up never makes it
    cheaper (reliability M8).
    """

    bps: int
    fixed: int = 0
    minimum: int = 0
    tiers: tuple[tuple[int, int], ...] = ()  # (up to, basis points), ascending

    def fee(self, value: int) -> int:
        """Return the fee on *value* minor units, rounded up once."""
        if value <= 0:
            return 0
        parts, below = 0, 0
        for up_to, bps in self.tiers:
            parts += max(0, min(value, up_to) - below) * bps
            below = up_to
        parts += max(0, value - below) * self.bps
        return min(value, max(self.minimum, self.fixed - (-parts // BPS)))


class Rule(NamedTuple):
    """A rate for some trades; an empty code, and zero for numbers, mean any."""

    currency: int
    kind: str  # of the product: dataset, service, application
    origin: str  # of the trade: book, auction, negotiated, contest
    seller: int  # a member
    rate: Rate

    def covers(self, currency: int, kind: str, origin: str, seller: int) -> bool:
        """Tell whether the rule is for such a trade."""
        return (
            self.currency in (0, currency)
            and self.kind in ("", kind)
            and self.origin in ("", "book" if origin == KEPT else origin)
            and self.seller in (0, seller)
        )


class FeeSchedule(NamedTuple):
    """What the house takes: by the first rule that covers a trade, else in general."""

    version: int
    trade_bps: int
    rules: tuple[Rule, ...] = ()

    def choose(self, currency: int, kind: str, origin: str, seller: int) -> int:
        """Return the number of the rule for such a trade; GENERAL if there is none."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.covers(currency, kind, origin, seller):
                return number
        return GENERAL

    def rate(self, number: int = GENERAL) -> Rate:
        """Return the rate of a rule, or the general one."""
        return self.rules[number - 1].rate if number else Rate(self.trade_bps)

    def rate_for(self, currency: int, kind: str, origin: str, seller: int) -> Rate:
        """Return the rate of such a trade."""
        return self.rate(self.choose(currency, kind, origin, seller))

    def fee(self, value: int) -> int:
        """Return the fee on a trade of *value* minor units by the general rate."""
        return self.rate().fee(value)


FIRST = FeeSchedule(1, TRADE_BPS)


def rules_of(values: object) -> tuple[Rule, ...]:
    """Return rules from tuples or lists of their values, however they were kept."""
    assert isinstance(values, list | tuple), values
    found = []
    for currency, kind, origin, seller, (bps, fixed, minimum, tiers) in values:
        rate = Rate(bps, fixed, minimum, tuple((up_to, part) for up_to, part in tiers))
        found.append(Rule(currency, kind, origin, seller, rate))
    return tuple(found)
