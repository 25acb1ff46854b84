"""Commands on rights: granted at no price, suspended, restored, revoked, delivered."""

from marketplace.trading.commands import (
    Deliver,
    GrantRight,
    RestoreRight,
    RevokeRight,
    SuspendRight,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import QUANTITY_MAX, Reason
from marketplace.trading.placing import cancel_where
from marketplace.trading.risk import check_purpose
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.entitlements import (
    ENTITLEMENT,
    Entitlement,
    EntitlementEvent,
    EntitlementState,
)
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Pocket, Transfer


@handles(GrantRight)
def grant(market: Market, command: GrantRight, seq: int, at_us: int) -> int:
    """Give a right at no price; the entitlement's number."""
    if command.member not in market.verified:
        raise NotVerified(command.member)
    venue = market.venue(command.instrument)
    if not 0 < command.quantity <= QUANTITY_MAX or command.member == venue.vendor:
        raise WrongOrder("quantity" if command.member != venue.vendor else "member")
    check_purpose(command.purpose, venue)
    number = market.rights.last + 1
    source = market.ledger.number(venue.vendor, venue.instrument, Pocket.OPEN)
    target = market.ledger.number(command.member, venue.instrument, Pocket.FREE)
    move = Transfer(source, target, command.quantity, "grant", number)
    market.ledger.post(seq, [move])
    until_us = None if venue.term_us is None else at_us + venue.term_us
    market.rights.grant(
        Entitlement(
            number,
            None,
            command.member,
            venue.instrument,
            command.quantity,
            venue.terms,
            command.purpose,
            at_us,
            until_us,
            0,
            venue.deliveries_max,
            EntitlementState.ACTIVE,
        )
    )
    return number


@handles(SuspendRight)
def suspend(market: Market, command: SuspendRight, seq: int, _at_us: int) -> None:
    """Suspend a right; the holder's offers of it are cancelled."""
    right = market.rights.get(command.entitlement)
    ENTITLEMENT.after(right.state, EntitlementEvent.SUSPEND)
    _withdraw_offers(market, right, seq)
    market.rights.move(right, EntitlementEvent.SUSPEND)


@handles(RestoreRight)
def restore(market: Market, command: RestoreRight, _seq: int, _at_us: int) -> None:
    """Make a suspended right active again."""
    right = market.rights.get(command.entitlement)
    market.rights.move(right, EntitlementEvent.RESTORE)


@handles(RevokeRight)
def revoke(market: Market, command: RevokeRight, seq: int, _at_us: int) -> None:
    """End a right for good."""
    right = market.rights.get(command.entitlement)
    end(market, right, EntitlementEvent.REVOKE, seq)


@handles(Deliver)
def deliver(market: Market, command: Deliver, seq: int, at_us: int) -> int:
    """Open one delivery: check the right, count it, leave a receipt; its number."""
    right = market.rights.get(command.entitlement)
    if right.holder != command.member or command.member not in market.verified:
        raise NotFound("entitlement", encode("entitlement", command.entitlement))
    market.rights.count_delivery(right, at_us)
    market.last_receipt += 1
    market.receipts_new.append(
        (
            market.last_receipt,
            seq,
            at_us,
            right.number,
            right.holder,
            command.file,
            command.sha256,
            command.bytes,
        )
    )
    return market.last_receipt


def end(market: Market, right: Entitlement, event: EntitlementEvent, seq: int) -> None:
    """Expire or revoke a right: its units go back to the vendor's issuance account."""
    ENTITLEMENT.after(right.state, event)
    _withdraw_offers(market, right, seq)
    vendor = market.venue(right.instrument).vendor
    source = market.ledger.number(right.holder, right.instrument, Pocket.FREE)
    target = market.ledger.number(vendor, right.instrument, Pocket.OPEN)
    move = Transfer(source, target, right.quantity, str(event), right.number)
    market.ledger.post(seq, [move])
    market.rights.move(right, event)


def _withdraw_offers(market: Market, right: Entitlement, seq: int) -> None:
    """Cancel the holder's offers in the instrument, so that its units are all free.

    The vendor's offers issue new units and do not rest on a right.
    """
    if right.holder != market.venue(right.instrument).vendor:
        cancel_where(
            market, seq, Reason.RIGHT_ENDED, right.holder, right.instrument, "sell"
        )
