"""The rates of tax: data that two persons put in force for the trades from then on."""

from typing import NamedTuple

from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.venue import WrongOrder
from settlement.taxes import KINDS, RATE_BPS_MAX, TaxSchedule, rates_of


class SetTaxes(NamedTuple):
    """Put rates of tax in force, for every kind one; two persons."""

    by: int
    rates: tuple[tuple[str, int], ...]  # kind, basis points


@proposable(SetTaxes)
def check(_market: Market, step: SetTaxes) -> tuple[tuple[str, int], ...]:
    """Refuse rates that are none, or not of every kind once."""
    try:
        rates = rates_of(step.rates)
    except (TypeError, ValueError):
        raise WrongOrder("rates") from None
    if sorted(kind for kind, _ in rates) != sorted(KINDS):
        raise WrongOrder("rates")
    if not all(0 <= bps <= RATE_BPS_MAX for _, bps in rates):
        raise WrongOrder("rates")
    return rates


@handles(SetTaxes)
def set_taxes(market: Market, command: SetTaxes, seq: int, _at_us: int) -> int:
    """Put the next rates in force; their version."""
    market.taxes = TaxSchedule(market.taxes.version + 1, check(market, command))
    market.taxes_new.append((market.taxes, seq))
    return market.taxes.version
