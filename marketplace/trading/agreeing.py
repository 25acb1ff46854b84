"""Contracts drafted, signed by all, returned; sales in escrow ended by both sides."""

import json
import re
from typing import Any

from marketplace.trading import accepting, charging, exclusivity, negotiating
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.accepting import DAYS_MAX
from marketplace.trading.agreements import (
    NAME_MAX,
    STAGES_MAX,
    TEXT_MAX,
    Agreement,
    AgreementEvent,
    AlreadySigned,
    AnotherText,
    Signature,
    amounts,
)
from marketplace.trading.clearing import clear
from marketplace.trading.drafting import (
    CancelSale,
    DraftContract,
    ReturnContract,
    SignContract,
    Stage,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.offers import OfferEvent
from marketplace.trading.placing import Agreed, grant
from marketplace.trading.rights import check_reason
from marketplace.trading.risk import EXPIRES_MAX_US, check_purpose
from marketplace.trading.texts import UNSTORABLE
from marketplace.trading.trials import check_first
from marketplace.trading.venue import AlreadyExpired, Venue, WrongOrder
from settlement.canonical import canonical
from settlement.clearing import SETTLED, Trade
from settlement.errors import IllegalMove, NotFound
from settlement.escrows import TRADE, TradeEvent, TradeState
from settlement.ids import encode
from settlement.ledger import HOUSE, Pocket, Transfer
from settlement.money import BPS, BY_ASSET

NO_ORDER = 0  # a negotiated trade fills no order
NEGOTIATED = "negotiated"
TERM_MAX_US = 10**16
SHA256 = re.compile("[0-9a-f]{64}")


@handles(DraftContract)
def draft(market: Market, command: DraftContract, seq: int, at_us: int) -> int:
    """Put a contract up to be signed; its number. Nothing moves yet."""
    venue = negotiating.open_venue(market, command.instrument)
    drafter, other = command.member, command.to
    if venue.vendor not in (drafter, other):
        raise NotFound("instrument", encode("instrument", command.instrument))
    if drafter == other:
        raise WrongOrder("to")
    buyer = other if drafter == venue.vendor else drafter
    negotiating.check_parties(market, venue, drafter, other, buyer)
    negotiating.check_numbers(command.price, command.quantity, venue)
    check_purpose(command.purpose, buyer, venue)
    stages = _check_stages(command)
    _check_dates(command, at_us)
    clauses = _check_text(command)
    _check_offer(market, command, venue, buyer)
    if not 0 <= command.follows <= market.agreements.last:
        raise WrongOrder("follows")
    market.agreements.check_room(drafter)
    number = market.agreements.last + 1
    sold = json.loads(market.frozen(venue.terms).body)
    said = {
        "number": encode("agreement", number),
        "drafted_us": at_us,
        "vendor": encode("member", venue.vendor),
        "buyer": encode("member", buyer),
        "house": command.house,
        "symbol": venue.symbol,
        "currency": BY_ASSET[venue.currency].code,
        "price": command.price,
        "quantity": command.quantity,
        "amount": command.price * command.quantity,
        "purpose": command.purpose,
        "stages": _printed(command.price * command.quantity, stages),
        "acceptance_days": command.days,
        "term_us": command.term_us,
        "evidence": command.evidence,
        "clauses": clauses,
    }
    terms = market.freeze(canonical({**sold, "contract": said}))
    market.agreements.open(
        Agreement(
            number, seq, at_us, command.by, drafter, venue.vendor, buyer,
            bool(command.house), venue.instrument, venue.currency, command.price,
            command.quantity, command.purpose, terms.number, terms.sha256, stages,
            command.days, command.term_us, venue.deliveries_max, command.expires_us,
            command.evidence, command.offer, command.follows,
        )
    )  # fmt: skip
    return number


def _printed(value: int, stages: tuple[Stage, ...]) -> list[dict[str, Any]]:
    parts = amounts(value, stages)
    return [
        {**stage._asdict(), "amount": amount}
        for stage, amount in zip(stages, parts, strict=True)
    ]


def _check_stages(command: DraftContract) -> tuple[Stage, ...]:
    """Refuse stages whose shares are not all of the price, or out of order."""
    try:
        stages = tuple(Stage(*stage) for stage in command.stages)
    except TypeError:
        raise WrongOrder("stages") from None
    days = [stage.days for stage in stages]
    value = command.price * command.quantity
    wrong = (
        not 0 < len(stages) <= STAGES_MAX
        or sum(stage.bps for stage in stages) != BPS
        or any(stage.bps <= 0 or not stage.name.strip() for stage in stages)
        or any(len(s.name) > NAME_MAX or UNSTORABLE.search(s.name) for s in stages)
        or days != sorted(set(days))
        or not 0 <= days[0] <= days[-1] <= DAYS_MAX
        or (value > 0 and min(amounts(value, stages)) == 0)
    )
    if wrong:
        raise WrongOrder("stages")
    at_once = command.days == 0
    if not 0 <= command.days <= DAYS_MAX or (at_once and (len(days) > 1 or days[0])):
        raise WrongOrder("days")
    return stages


def _check_dates(command: DraftContract, at_us: int) -> None:
    """Refuse a deadline that is over or never comes, and a right without length."""
    if command.expires_us <= at_us:
        raise AlreadyExpired(command.expires_us)
    if command.expires_us > EXPIRES_MAX_US:
        raise WrongOrder("expires_us")
    if command.term_us is not None and not 0 < command.term_us <= TERM_MAX_US:
        raise WrongOrder("term_us")


def _check_text(command: DraftContract) -> Any:
    """Return the clauses; WrongOrder unless they are canonical JSON of fair length."""
    if len(command.text) > TEXT_MAX or UNSTORABLE.search(command.text):
        raise WrongOrder("text")
    try:
        clauses = json.loads(command.text)
        if canonical(clauses) != command.text or not isinstance(clauses, dict):
            raise WrongOrder("text")
    except (ValueError, RecursionError):
        raise WrongOrder("text") from None
    if command.evidence and not SHA256.fullmatch(command.evidence):
        raise WrongOrder("evidence")
    return clauses


def _check_offer(
    market: Market, command: DraftContract, venue: Venue, buyer: int
) -> None:
    """Refuse a contract that says otherwise than the open offer it carries out."""
    if not command.offer:
        return
    offer = market.offers.get(max(0, command.offer))
    if (offer.vendor, offer.member) != (venue.vendor, buyer):
        raise NotFound("offer", encode("offer", offer.number))
    market.tenders.check_none(offer.demand)
    said = (offer.instrument, offer.price, offer.quantity)
    if said != (venue.instrument, command.price, command.quantity):
        raise WrongOrder("offer")


@handles(SignContract)
def sign(market: Market, command: SignContract, seq: int, at_us: int) -> int | None:
    """Sign for a party; the number of the trade that the last signature makes.

    The buyer's signature holds the money, unless it is the last.
    """
    agreement = market.agreements.get(command.contract, command.member)
    party = command.member
    if party in agreement.signatures:
        raise AlreadySigned(agreement.number)
    if command.sha256 != agreement.sha256:
        raise AnotherText(agreement.sha256)
    if agreement.expires_us <= at_us:
        raise AlreadyExpired(agreement.expires_us)
    venue = negotiating.open_venue(market, agreement.instrument)
    _check_still(market, agreement, venue, at_us)
    if party == agreement.buyer:
        market.ledger.require(party, agreement.currency, agreement.value)
    market.agreements.sign(
        agreement, Signature(agreement.number, party, command.by, seq, at_us)
    )
    if len(agreement.signatures) == len(agreement.parties):
        return _conclude(market, agreement, venue, party, seq, at_us)
    if party == agreement.buyer:
        _move(market, agreement, "contract_hold", seq)
    return None


def _check_still(
    market: Market, agreement: Agreement, venue: Venue, at_us: int
) -> None:
    """Refuse what the rules of this moment do not let these two trade."""
    buyer, vendor = agreement.buyer, agreement.vendor
    negotiating.check_parties(market, venue, vendor, buyer, buyer)
    negotiating.check_numbers(agreement.price, agreement.quantity, venue)
    check_purpose(agreement.purpose, buyer, venue)
    exclusivity.check(market, buyer, venue, at_us)
    if venue.trial_of is not None:
        check_first(market, buyer, venue, agreement.quantity)


def _conclude(
    market: Market, one: Agreement, venue: Venue, last: int, seq: int, at_us: int
) -> int:
    """Make the trade that all have signed; its number."""
    if last != one.buyer:
        _move(market, one, "contract_release", seq)
    number = market.last_trade = market.last_trade + 1
    waits = one.value and one.days
    trade = Trade(
        number, seq, at_us, venue.instrument, one.price, one.quantity, one.currency,
        one.buyer, one.vendor, NO_ORDER, NO_ORDER,
        "buy" if one.drafter == one.vendor else "sell",
        charging.fee(market, venue, NEGOTIATED, one.vendor, one.value), NEGOTIATED,
        str(TradeState.ESCROWED) if waits else SETTLED,
    )  # fmt: skip
    offer = market.offers.live.get(one.offer)
    if offer is not None:
        negotiating.end(market, offer, OfferEvent.TAKE, seq)
    market.ledger.post(seq, clear(market, venue, trade, Pocket.FREE, Pocket.OPEN))
    market.trades_new.append(trade)
    days = [stage.days for stage in one.stages]
    due = [market.workdays.deadline_us(at_us, n) if n else at_us for n in days]
    stages = tuple(zip(amounts(one.value, one.stages), due, strict=True))
    how = Acceptance(one.days)
    agreed = Agreed(one.terms, one.term_us, one.deliveries_max, how, stages)
    grant(market, venue, trade, one.purpose, agreed)
    exclusivity.withdraw_bids(market, venue, one.buyer, seq)
    one.trade = number
    market.agreements.move(one, AgreementEvent.CONCLUDE)
    if offer is not None:
        negotiating.note_trade(market, offer, number, seq)
    return number


@handles(ReturnContract)
def give_back(market: Market, command: ReturnContract, seq: int, _at_us: int) -> None:
    """End the signing: a party refuses, with its reason, or the drafter withdraws."""
    agreement = market.agreements.get(command.contract, command.member)
    check_reason(command.reason)
    withdraws = command.member == agreement.drafter
    if not withdraws and not command.reason.strip():
        raise WrongOrder("reason")
    agreement.reason = command.reason
    event = AgreementEvent.WITHDRAW if withdraws else AgreementEvent.RETURN
    end(market, agreement, event, command.by, seq)


def end(
    market: Market,
    agreement: Agreement,
    event: AgreementEvent,
    by: int | None,
    seq: int,
) -> None:
    """End the signing without a trade; what the buyer had held is free again."""
    if agreement.held:
        _move(market, agreement, "contract_release", seq)
    agreement.ended_by = by
    market.agreements.move(agreement, event)


def _move(market: Market, agreement: Agreement, reason: str, seq: int) -> None:
    """Hold the buyer's money for a contract, or release it."""
    if not agreement.value:
        return
    free, held = (
        market.ledger.number(agreement.buyer, agreement.currency, pocket)
        for pocket in (Pocket.FREE, Pocket.HELD)
    )
    debit, credit = (free, held) if reason == "contract_hold" else (held, free)
    move = Transfer(debit, credit, agreement.value, reason, agreement.number)
    market.ledger.post(seq, [move])


@handles(CancelSale)
def cancel(market: Market, command: CancelSale, seq: int, _at_us: int) -> int | None:
    """Ask for the end of a sale in escrow, or answer; what goes back, once agreed."""
    escrow = market.escrows.get(command.trade)
    if command.member == HOUSE or command.member not in (
        escrow.trade.buyer,
        escrow.trade.seller,
    ):
        raise NotFound("trade", encode("trade", max(0, command.trade)))
    TRADE.after(escrow.state, TradeEvent.RETURN)
    check_reason(command.reason)
    asked = escrow.cancel_asked
    if command.agrees and asked and asked != command.member:
        back, escrow.cancel_asked = escrow.left, 0
        accepting.finish(
            market, escrow, back, TradeEvent.RETURN, TradeEvent.SETTLE, seq
        )  # fmt: skip
        return back
    if command.agrees == bool(asked):  # asked twice, or there is nothing to answer
        raise IllegalMove("trade", str(escrow.state), "cancel")
    if command.agrees and not command.reason.strip():
        raise WrongOrder("reason")
    escrow.cancel_asked = command.member if command.agrees else 0
    market.escrows.note(escrow)
    return None
