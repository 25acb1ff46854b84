"""Free trials: once for each member, and over when the paid right begins.

A trial is an instrument of its own at no price, with its own term (features B5).
"""

from marketplace.trading.market import Market
from marketplace.trading.venue import AlreadyTried, Venue, WrongOrder
from settlement.entitlements import Entitlement, EntitlementEvent
from settlement.ledger import Pocket, Transfer


def check_first(market: Market, member: int, venue: Venue, quantity: int) -> None:
    """Refuse a second trial (one that still waits counts too), or more than one."""
    if quantity != 1:
        raise WrongOrder("quantity")
    waiting = market.orders_of.get(member, {}).values()
    if (member, venue.instrument) in market.tried or any(
        order.instrument == venue.instrument for order in waiting
    ):
        raise AlreadyTried(venue.symbol)


def note_trial(market: Market, member: int, venue: Venue, seq: int) -> None:
    """Remember who tried; end the trial of who now holds the paid right."""
    if venue.trial_of is not None:
        market.tried.add((member, venue.instrument))
    trial = market.trials.get(venue.instrument)
    if trial is not None:
        for right in market.rights.of(member, trial):
            give_back(market, right, venue.vendor, EntitlementEvent.REVOKE, seq)


def give_back(
    market: Market, right: Entitlement, vendor: int, event: EntitlementEvent, seq: int
) -> None:
    """End a right that is not on offer: its units go back to where they came from."""
    source = market.ledger.number(right.holder, right.instrument, Pocket.FREE)
    target = market.ledger.number(vendor, right.instrument, Pocket.OPEN)
    move = Transfer(source, target, right.quantity, str(event), right.number)
    market.ledger.post(seq, [move])
    market.rights.move(right, event)
