"""Commands on rights: granted at no price, suspended, restored, revoked, delivered."""

from marketplace.trading import exclusivity
from marketplace.trading.commands import (
    Deliver,
    GrantRight,
    RestoreRight,
    RevokeRight,
    SuspendRight,
)
from marketplace.trading.dues import NotYetPaid
from marketplace.trading.holds import cancel_where
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import QUANTITY_MAX, Reason
from marketplace.trading.risk import check_audience, check_purpose
from marketplace.trading.texts import fits
from marketplace.trading.trials import check_first, give_back, note_trial
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.entitlements import (
    ENTITLEMENT,
    Entitlement,
    EntitlementEvent,
    EntitlementState,
    Hold,
)
from settlement.errors import IllegalMove, NotFound
from settlement.ids import encode
from settlement.ledger import Pocket, Transfer

REASON_MAX = 2_000  # characters


@handles(GrantRight)
def grant(market: Market, command: GrantRight, seq: int, at_us: int) -> int:
    """Give a right at no price; the entitlement's number."""
    if command.member not in market.verified:
        raise NotVerified(command.member)
    venue = market.venue(command.instrument)
    if not 0 < command.quantity <= QUANTITY_MAX or command.member == venue.vendor:
        raise WrongOrder("quantity" if command.member != venue.vendor else "member")
    check_audience(command.member, venue)
    check_purpose(command.purpose, command.member, venue)
    if venue.scope.exclusive and command.quantity != venue.lot:
        raise WrongOrder("quantity")
    exclusivity.check(market, command.member, venue, at_us)
    if venue.trial_of is not None:
        check_first(market, command.member, venue, command.quantity)
    number = market.rights.last + 1
    source = market.ledger.number(venue.vendor, venue.instrument, Pocket.OPEN)
    target = market.ledger.number(command.member, venue.instrument, Pocket.FREE)
    move = Transfer(source, target, command.quantity, "grant", number)
    market.ledger.post(seq, [move])
    until_us = None if venue.term_us is None else at_us + venue.term_us
    each = venue.deliveries_max
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
            None if each is None else each * command.quantity,
            EntitlementState.ACTIVE,
        )
    )
    note_trial(market, command.member, venue, seq)
    exclusivity.withdraw_bids(market, venue, command.member, seq)
    return number


@handles(SuspendRight)
def suspend(market: Market, command: SuspendRight, seq: int, at_us: int) -> None:
    """Suspend a right, whatever else suspends it; the holder's offers are cancelled."""
    check_reason(command.reason)
    right = market.rights.get(command.entitlement)
    if Hold.STAFF in right.holds:
        event = str(EntitlementEvent.SUSPEND)
        raise IllegalMove("entitlement", str(right.state), event)
    pause(market, right, Hold.STAFF, seq)
    _note(market, command, EntitlementEvent.SUSPEND, seq, at_us)


def pause(market: Market, right: Entitlement, reason: Hold, seq: int) -> None:
    """Suspend a right, and cancel the holder's offers of it."""
    _withdraw_offers(market, right, seq)
    market.rights.hold(right, reason)


@handles(RestoreRight)
def restore(market: Market, command: RestoreRight, seq: int, at_us: int) -> None:
    """End a suspension by staff; the right is active unless something else suspends it.

    NotYetPaid or IllegalMove if it is suspended for other reasons alone.
    """
    check_reason(command.reason)
    right = market.rights.get(command.entitlement)
    if Hold.STAFF not in right.holds:
        if Hold.DUE in right.holds:
            raise NotYetPaid
        event = str(EntitlementEvent.RESTORE)
        raise IllegalMove("entitlement", str(right.state), event)
    market.rights.let_go(right, Hold.STAFF)
    _note(market, command, EntitlementEvent.RESTORE, seq, at_us)


@handles(RevokeRight)
def revoke(market: Market, command: RevokeRight, seq: int, at_us: int) -> None:
    """End a right for good."""
    check_reason(command.reason)
    right = market.rights.get(command.entitlement)
    end(market, right, EntitlementEvent.REVOKE, seq)
    _note(market, command, EntitlementEvent.REVOKE, seq, at_us)


def check_reason(reason: str) -> None:
    """Refuse a reason that is too long or that no database takes."""
    if not fits(reason, REASON_MAX):
        raise WrongOrder("reason")


def _note(
    market: Market,
    command: SuspendRight | RestoreRight | RevokeRight,
    event: EntitlementEvent,
    seq: int,
    at_us: int,
) -> None:
    """Leave on record what was done with a right, by whom and why."""
    row = (seq, at_us, command.entitlement, command.by, str(event), command.reason)
    market.measures_new.append(row)


@handles(Deliver)
def deliver(market: Market, command: Deliver, seq: int, at_us: int) -> int:
    """Open one delivery: check the right, count it, leave a receipt; its number."""
    right = market.rights.get(command.entitlement)
    if right.holder != command.member or command.member not in market.verified:
        raise NotFound("entitlement", encode("entitlement", command.entitlement))
    market.escrows.check_delivered(right)
    market.rights.count_delivery(right, at_us)
    note_delivered(market, right, seq)
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


def note_delivered(market: Market, right: Entitlement, seq: int) -> None:
    """Cancel the holder's offers of units that are not all unused any more."""
    on_offer = market.ledger.balance(right.holder, right.instrument, Pocket.HELD)
    if on_offer > market.rights.unused_units(right.holder, right.instrument):
        _withdraw_offers(market, right, seq)


def end(market: Market, right: Entitlement, event: EntitlementEvent, seq: int) -> None:
    """Expire or revoke a right: its units go back to the vendor's issuance account."""
    ENTITLEMENT.after(right.state, event)
    _withdraw_offers(market, right, seq)
    dispute = market.disputes.of_trade(right.trade) if right.trade else None
    if dispute is not None and dispute.paused:
        dispute.paused = False  # nothing is left that could go on after it
        market.disputes.note(dispute)
    vendor = market.venue(right.instrument).vendor
    give_back(market, right, vendor, event, seq)


def _withdraw_offers(market: Market, right: Entitlement, seq: int) -> None:
    """Cancel the holder's offers in the instrument, so that its units are all free.

    The vendor's offers issue new units and do not rest on a right.
    """
    if right.holder != market.venue(right.instrument).vendor:
        cancel_where(
            market, seq, Reason.RIGHT_ENDED, right.holder, right.instrument, "sell"
        )
