"""Tenders: called for a demand, bids sealed in the vault, opened, scored, awarded.

The journal has a hash of each bid; the bid itself lies encrypted beside it and is read
by nobody before the close (see `trading.tenders`). The buyer then scores technique and
qualification, the price by a formula, and may take the best bid alone.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from joserfc.errors import JoseError
from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from listings import instruments
from listings.marking import N_
from marketplace.community import demands
from marketplace.community.demands import Wanted
from marketplace.community.notices import notify
from marketplace.community.tables import bid_scores, sealed_bids
from marketplace.members.users import User
from marketplace.pricing import quotes
from marketplace.pricing.changes import Writing
from marketplace.privacy.texts import Texts
from marketplace.trading.commands import Command
from marketplace.trading.quoting import TakeOffer
from marketplace.trading.sealing import CallTender, CancelTender, OpenBids, SealBid
from marketplace.trading.tables import offers
from marketplace.trading.tender_tables import tender_bids
from marketplace.trading.tender_tables import tenders as t
from marketplace.trading.tenders import (
    BIDDERS_MIN,
    LIVE,
    WEIGHTS,
    Bid,
    Bond,
    TenderOver,
    TenderRuns,
    commitment,
)
from marketplace.vault import Vault
from settlement import clock
from settlement.canonical import canonical
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode

POINTS, CURRENCY = 100, "CNY"
NOT_SOLD = N_("Bid with something that you sell in CNY.")
BLANK = (0, 0, 0, "", "")  # of a bid that is void
DEPOSIT_BPS_MAX = 200  # of the budget (招标投标法实施条例 26)


class Rules(NamedTuple):
    """How a tender is decided: how many must bid, by which weights."""

    bidders_min: int = BIDDERS_MIN
    technical: int = WEIGHTS[0]
    price: int = WEIGHTS[1]
    qualification: int = WEIGHTS[2]
    deposit: int = 0  # of each bidder, minor units of CNY


class Parts(Writing, Protocol):
    """What tendering works with; the services have it."""

    @property
    def reads(self) -> Engine:
        """The engine to read by."""

    @property
    def vault(self) -> Vault:
        """Where sealed bids lie."""

    @property
    def texts(self) -> Texts:
        """What seals the words of a bid."""


@dataclass(eq=False)
class NotScored(Refusal):
    """Give every bid its points first; then the best one may be taken."""


@dataclass(eq=False)
class NotTheBest(Refusal):
    """Another bid of this tender has more points."""

    offer: str


def call(parts: Parts, by: User, wanted: Wanted, rules: Rules) -> int:
    """Post a demand and call a tender for it; the demand's number.

    Invalid if the deposit is above DEPOSIT_BPS_MAX of the budget, or there is none.
    """
    if rules.deposit * 10_000 > DEPOSIT_BPS_MAX * (wanted.budget or 0):
        raise Invalid({"deposit": [N_("At most 2 per cent of the budget.")]})
    with parts.writes.begin() as db:
        number = demands.post(db, by.member, by.id, wanted)
    try:
        parts.gateway.submit(
            CallTender(by.id, by.member, number, wanted.until_us, *rules)
        )
    except Refusal:
        with parts.writes.begin() as db:
            demands.close(db, number, by.member)
        raise
    return number


def seal(parts: Parts, by: User, demand: int, bid: Bid, key: str | None = None) -> str:
    """Bind a vendor to a bid that nobody reads before the close; its hash.

    *bid* comes without salt. What was sealed lies in the vault before the market knows
    its hash, so that no bid is lost. The same bid under the same *key* has the same
    hash. Invalid unless *bid* is for something of the vendor's on the market in yuan,
    so that all bids can be compared; NotForUnnamed, see `quotes.check_open`.
    """
    with parts.reads.connect() as db:
        unit = instruments.get(db, bid.instrument)
        sold = unit.vendor == by.member and unit.state == "listed"
        if not sold or unit.currency_code != CURRENCY:
            raise Invalid({"instrument": [NOT_SOLD]})
        quotes.check_open(db, demand, by.member, unit.id)
    note = parts.texts.seal(by.id, bid.note)
    bid = bid._replace(note=note, salt=parts.vault.salt(by.member, demand, key))
    hidden = commitment(demand, bid)
    body = parts.vault.lock(canonical(bid))
    known = select(sealed_bids.c.body).where(sealed_bids.c.commitment == hidden)
    with parts.writes.begin() as db, suppress(IntegrityError):  # a retry was faster
        kept = {"demand": demand, "vendor": by.member, "commitment": hidden}
        kept |= {"body": body, "at_us": clock.now_us()}
        if db.scalar(known) is None:
            db.execute(insert(sealed_bids).values(kept))
    parts.gateway.submit(SealBid(by.id, by.member, demand, hidden), key)
    return hidden


def open_bids(parts: Parts, by: User, demand: int) -> int:
    """Open all bids of a closed tender and tell the bidders; how many are firm.

    NotFound, or TenderOver before the market itself has closed it: only then is what
    was sealed read, and no bid comes in after that. What cannot be read is shown blank,
    and so is what only named members may buy if the buyer is not named: a bid that is
    firm would tell its vendor that the buyer is one of them.
    """
    with parts.reads.connect() as db:
        state = of(db, demand)
        if state is None:
            raise NotFound("demand", encode("demand", demand))
        if state.state == "open":
            if by.member != state.buyer and own(db, demand, by.member) is None:
                raise NotFound("demand", encode("demand", demand))
            raise TenderOver(state.state)
        same = tender_bids.c.commitment == sealed_bids.c.commitment
        query = (
            select(tender_bids.c.vendor, sealed_bids.c.body)
            .select_from(tender_bids.outerjoin(sealed_bids, same))
            .where(tender_bids.c.demand == demand, tender_bids.c.state == "sealed")
            .order_by(tender_bids.c.vendor)
        )
        found = [tuple(row) for row in db.execute(query)]
    bids = [_read(parts.vault, vendor, body) for vendor, body in found]
    with parts.reads.connect() as db:
        shown = tuple(
            Bid(one.vendor, *BLANK)
            if demands.is_unnamed(db, demand, one.vendor)
            and demands.is_restricted(db, one.instrument)
            else one
            for one in bids
        )
    command = OpenBids(by.id, by.member, demand, shown)
    opened: int = parts.gateway.submit(command).result
    with parts.writes.begin() as db:
        bidders = select(tender_bids.c.vendor).where(tender_bids.c.demand == demand)
        where = {"href": f"/demands/{encode('demand', demand)}"}
        told = {*db.scalars(bidders), demands.asker(db, demand)}
        notify(db, told, "bids_opened", f"tender {demand} opened", None, where)
    return opened


def _read(vault: Vault, vendor: int, body: str | None) -> Bid:
    """Return what a vendor sealed; blank, which is void, if nobody can read it."""
    try:
        return Bid(*json.loads(vault.unlock(body or "")))._replace(vendor=vendor)
    except (JoseError, TypeError, ValueError):
        return Bid(vendor, *BLANK)


def close_demand(db: Connection, demand: int, member: int) -> None:
    """Close a demand of *member*; TenderRuns while it is under tender."""
    demands.close(db, demand, member)
    tender = of(db, demand)
    if tender is not None and tender.state in LIVE:
        raise TenderRuns(encode("demand", demand))


def cancel(parts: Parts, by: User, demand: int) -> None:
    """Call the member's tender off and close its demand."""
    parts.gateway.submit(CancelTender(by.id, by.member, demand))
    with parts.writes.begin() as db:
        demands.close(db, demand, by.member)


def score(
    db: Connection, by: User, offer: int, technical: int, qualification: int
) -> None:
    """Give an opened bid of the member's own tender its points; again: anew.

    NotFound for what is no bid of an opened tender of the member.
    """
    mine = (
        select(offers.c.id)
        .join(t, t.c.id == offers.c.demand)
        .where(offers.c.id == offer, t.c.buyer == by.member, t.c.state == "opened")
    )
    if db.execute(mine).first() is None:
        raise NotFound("offer", encode("offer", offer))
    points = {"technical": technical, "qualification": qualification}
    points |= {"by_user": by.id, "at_us": clock.now_us()}
    this = bid_scores.c.offer == offer
    if not db.execute(update(bid_scores).where(this).values(points)).rowcount:
        db.execute(insert(bid_scores).values(points | {"offer": offer}))


# ── reads ──


class State(NamedTuple):
    """A tender as it stands; who has bid is nobody's to know before it is opened."""

    id: int
    buyer: int
    closes_us: int
    bidders_min: int
    technical: int
    price: int
    qualification: int
    deposit: int
    state: str
    bids: int


def of(db: Connection, demand: int) -> State | None:
    """Return the tender of a demand; None: it has none."""
    bids = select(func.count()).where(tender_bids.c.demand == demand).scalar_subquery()
    wanted = (t.c[name] for name in State._fields[:-1])
    row = db.execute(select(*wanted, bids).where(t.c.id == demand)).first()
    return None if row is None else State._make(row)


def own(db: Connection, demand: int, vendor: int) -> Row[Any] | None:
    """Return the sealed bid of a vendor as the records have it; None: it has none."""
    b = tender_bids.c
    query = select(tender_bids).where(b.demand == demand, b.vendor == vendor)
    row: Row[Any] | None = db.execute(query).first()
    return row


def bond(db: Connection, demand: int, vendor: int) -> int:
    """Return what a bidder has held as its deposit, minor units of CNY; 0: nothing."""
    b = tender_bids.c
    query = select(t.c.deposit).join(tender_bids, b.demand == t.c.id)
    held = (b.demand == demand, b.vendor == vendor, b.bond == str(Bond.HELD))
    return int(db.scalar(query.where(*held)) or 0)


class Scored(NamedTuple):
    """The points of one bid, each of a hundred; None as long as they are not given."""

    offer: int
    total: int  # price times quantity, minor units
    technical: int | None
    qualification: int | None
    price: Fraction
    points: Fraction | None  # weighted


def ranking(db: Connection, tender: State) -> list[Scored]:
    """Return the firm bids of an opened tender, the best first, then the cheaper."""
    o = offers.c
    query = (
        select(o.id, o.price * o.quantity, bid_scores.c.technical)
        .add_columns(bid_scores.c.qualification)
        .outerjoin(bid_scores, bid_scores.c.offer == o.id)
        .where(o.demand == tender.id, o.state.in_(("open", "taken")))
    )
    rows = db.execute(query.order_by(o.id)).all()
    lowest = min((total for _, total, *_ in rows), default=0)
    found = [_scored(tender, lowest, *row) for row in rows]
    return sorted(found, key=lambda one: (-(one.points or 0), one.total, one.offer))


def _scored(
    tender: State,
    lowest: int,
    offer: int,
    total: int,
    technical: int | None,
    qualification: int | None,
) -> Scored:
    """Score a bid: its price gets the share that the lowest is of it."""
    price = Fraction(POINTS) if total == lowest else Fraction(POINTS * lowest, total)
    points = None
    if technical is not None and qualification is not None:
        points = (
            tender.technical * technical
            + tender.price * price
            + tender.qualification * qualification
        ) / POINTS
    return Scored(offer, total, technical, qualification, price, points)


def check_award(reads: Engine, command: Command) -> None:
    """Refuse to take a bid of a tender that is not the best of all that are scored."""
    if not isinstance(command, TakeOffer):
        return
    query = select(offers.c.demand).where(offers.c.id == command.offer)
    with reads.connect() as db:
        tender = of(db, db.scalar(query) or 0)
        if tender is None or tender.state != "opened":
            return
        ranked = ranking(db, tender)
    if any(one.points is None for one in ranked):
        raise NotScored
    if ranked and ranked[0].offer != command.offer:
        raise NotTheBest(encode("offer", ranked[0].offer))
