"""Shares: agreed on by all parties, frozen with each trade, paid with the money."""

from math import gcd
from typing import Protocol

from marketplace.trading.market import Market, handles
from marketplace.trading.splits import (
    LINEAGE_MAX,
    PARTS_MAX,
    ROLES,
    SPLIT,
    AgreeSplit,
    LineageCycle,
    Part,
    ProposeSplit,
    RejectSplit,
    Split,
    SplitEvent,
    SplitWaits,
    TooManyShares,
)
from marketplace.trading.venue import NotVerified, Venue, WrongOrder
from settlement.clearing import SETTLED, Trade
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.ledger import Transfer
from settlement.money import BPS
from settlement.sharing import PARTIES_MAX, Role, Shares, Stake

ALONE = Role.VENDOR.value


def share(market: Market, venue: Venue, trade: Trade) -> list[Transfer]:
    """Freeze the shares of a trade of the vendor's, and pay them if it settles now."""
    split = market.splits.of.get(venue.scope.product)
    if split is None or not split.parts or trade.seller != venue.vendor:
        return []
    if not trade.price:
        return []
    shares = Shares(
        trade.number, trade.currency, trade.seller, stakes(market, venue.scope.product)
    )
    market.shares.note(shares)
    if trade.state != SETTLED:
        return []
    return shares.follow(market.ledger, trade.price * trade.quantity - trade.fee)


def follow(market: Market, trade: int, proceeds: int) -> list[Transfer]:
    """Return the transfers by which *proceeds* in all are shared, if a trade is."""
    shares = market.shares.of.get(trade)
    if shares is None:
        return []
    market.shares.note(shares)
    return shares.follow(market.ledger, proceeds)


class Sold(Protocol):
    """What a part of the proceeds is given back of."""

    @property
    def trade(self) -> int:
        """Return the trade's number."""

    @property
    def seller(self) -> int:
        """Return who sold."""

    @property
    def currency(self) -> int:
        """Return the asset number of the money."""


def give_back(market: Market, sold: Sold, back: int) -> list[Transfer]:
    """Return the transfers that give the seller the others' part of *back*.

    Once they are posted, `keep` notes it: a refusal leaves no trace in the shares.
    InsufficientBalance if one of them, or the seller, has not got its own.
    """
    shares, left = market.shares.of.get(sold.trade), back
    for party, part in (shares.planned(shares.total - back) if shares else {}).items():
        market.ledger.require(party, sold.currency, -part)
        left += part
    market.ledger.require(sold.seller, sold.currency, left)
    return give_more(market, sold.trade, -back)


def give_more(market: Market, trade: int, more: int) -> list[Transfer]:
    """Return the transfers that would share *more* proceeds, if a trade is shared."""
    shares = market.shares.of.get(trade)
    return [] if shares is None else shares.moves(market.ledger, shares.total + more)


def keep(market: Market, trade: int, more: int) -> None:
    """Note that *more* proceeds of a trade were shared, or given back if below zero."""
    shares = market.shares.of.get(trade)
    if shares is not None:
        shares.set(shares.total + more)
        market.shares.note(shares)


def stakes(market: Market, product: int) -> tuple[Stake, ...]:
    """Return who shares in a product's proceeds, its vendor first."""
    found = _parts(market, product, LINEAGE_MAX)
    common = gcd(*(stake.weight for stake in found))
    return tuple(stake._replace(weight=stake.weight // common) for stake in found)


def _parts(market: Market, product: int, levels: int) -> list[Stake]:
    """Return the stakes in a product, with weights of BPS to the power of *levels*.

    Royalties further upstream than LINEAGE_MAX products stay with the last vendor.
    """
    split, whole = market.splits.of.get(product), BPS**levels
    vendor = vendor_of(market, product)
    if split is None or not levels:
        return [Stake(vendor, ALONE, whole)]
    each = whole // BPS
    found, rest = [], BPS
    for part in split.parts:
        rest -= part.bps
        if part.member:
            found.append(Stake(part.member, part.role, part.bps * each))
            continue
        for stake in _parts(market, part.product, levels - 1):
            role = Role.LICENSOR.value if stake.role == ALONE else stake.role
            found.append(Stake(stake.party, role, part.bps * stake.weight))
    return [Stake(vendor, ALONE, rest * each), *found]


def vendor_of(market: Market, product: int) -> int:
    """Return the vendor of a product; NotFound if it was never on the market."""
    kin = market.of_product.get(product)
    if not kin:
        raise NotFound("product", encode("product", max(0, product)))
    return next(iter(kin.values())).vendor


@handles(ProposeSplit)
def propose(market: Market, command: ProposeSplit, seq: int, at_us: int) -> int:
    """Let an agreement wait for the consent of its parties; its number."""
    product, vendor = command.product, command.member
    if vendor_of(market, product) != vendor:
        raise NotFound("product", encode("product", max(0, product)))
    for waits in market.splits.waiting.values():
        if waits.product == product:
            raise SplitWaits(waits.number)
    parts = tuple(Part(*part) for part in command.parts)
    _check_parts(market, product, vendor, parts)
    split = Split(
        market.splits.last + 1, seq, at_us, command.by, vendor, product, parts
    )
    before = market.splits.of.get(product)
    for part in (*(before.parts if before else ()), *parts):
        party = part.member or vendor_of(market, part.product)
        if party != vendor:
            split.consents[party] = None
    market.splits.note(split)
    if not split.consents:
        _come_into_force(market, split, seq)
    return split.number


def _check_parts(
    market: Market, product: int, vendor: int, parts: tuple[Part, ...]
) -> None:
    """Refuse parts that cannot be, parties that cannot have them, and cycles."""
    if len(parts) > PARTS_MAX or sum(part.bps for part in parts) > BPS:
        raise WrongOrder("parts")
    named = [(part.member, part.product, part.role) for part in parts]
    if len(set(named)) < len(named):
        raise WrongOrder("parts")
    for part in parts:
        if part.role not in ROLES or not 0 < part.bps <= BPS:
            raise WrongOrder("parts")
        if bool(part.member) == bool(part.product) or part.member == vendor:
            raise WrongOrder("parts")
        if part.product:
            if part.role != Role.LICENSOR.value:
                raise WrongOrder("parts")
            vendor_of(market, part.product)
        elif part.member not in market.verified:
            raise NotVerified(part.member)
    _check_lineage(market, product, parts)
    _check_number(market, product, parts)


def _check_lineage(market: Market, product: int, parts: tuple[Part, ...]) -> None:
    """Refuse a royalty to a product that comes from this one, and too long a line."""
    for upstream in (part.product for part in parts if part.product):
        if upstream == product or product in market.splits.derived_from(upstream):
            raise LineageCycle(upstream)


def _check_number(market: Market, product: int, parts: tuple[Part, ...]) -> None:
    """Refuse what would give a trade, of this product or a later one, too many."""
    before = market.splits.of.get(product)
    trial = Split(0, 0, 0, 0, 0, product, parts)
    market.splits.of[product] = trial
    try:
        for other in sorted(market.splits.of):
            if other == product or product in market.splits.derived_from(other):
                count = len(_parts(market, other, LINEAGE_MAX))
                if count > PARTIES_MAX:
                    raise TooManyShares(count, PARTIES_MAX)
    finally:
        del market.splits.of[product]
        if before is not None:
            market.splits.of[product] = before


@handles(AgreeSplit)
def agree(market: Market, command: AgreeSplit, seq: int, _at_us: int) -> str:
    """Consent for a party; the state: in force once all have."""
    split = market.splits.get(command.split, command.member)
    if command.member == split.vendor or split.consents[command.member] is not None:
        raise WrongOrder("split")
    has = {part.member or vendor_of(market, part.product) for part in split.parts}
    if command.member in has and command.member not in market.verified:
        raise NotVerified(command.member)  # who only loses a part may always agree
    if None not in {**split.consents, command.member: (seq, command.by)}.values():
        _check_parts(market, split.product, split.vendor, split.parts)
    split.consents[command.member] = (seq, command.by)
    market.splits.note(split)
    if None not in split.consents.values():
        _come_into_force(market, split, seq)
    return str(split.state)


def _come_into_force(market: Market, split: Split, seq: int) -> None:
    """Let an agreement count for the trades from now on."""
    split.state = SPLIT.after(split.state, SplitEvent.AGREE)
    before = market.splits.of.pop(split.product, None)
    if before is not None:
        before.state = SPLIT.after(before.state, SplitEvent.REPLACE)
        before.ended_seq = seq
        market.splits.note(before)
    market.splits.of[split.product] = split
    market.splits.note(split)


@handles(RejectSplit)
def reject(market: Market, command: RejectSplit, seq: int, _at_us: int) -> str:
    """End an agreement that waits: the vendor withdraws it, a party declines."""
    split = market.splits.get(command.split, command.member)
    own = command.member == split.vendor
    event = SplitEvent.WITHDRAW if own else SplitEvent.DECLINE
    split.state, split.ended_seq = SPLIT.after(split.state, event), seq
    market.splits.note(split)
    return str(split.state)
