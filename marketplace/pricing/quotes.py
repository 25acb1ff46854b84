"""Quotes and personal prices: made, answered, told to the other side; and read."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, case, null, or_, select, update

from listings import instruments
from marketplace.community import demands
from marketplace.community.notices import notify
from marketplace.members import organisations
from marketplace.pricing.changes import Writing
from marketplace.pricing.tables import offer_changes
from marketplace.trading.commands import Command
from marketplace.trading.quoting import (
    CounterOffer,
    DeclineOffer,
    OfferPrice,
    TakeOffer,
    WithdrawOffer,
)
from marketplace.trading.sealing import SealBid
from marketplace.trading.stops import TradingStopped
from marketplace.trading.tables import books, offers
from marketplace.trading.venue import (
    AlreadyTried,
    NotAdmitted,
    NotVerified,
    PurposeNotPermitted,
    SoldOut,
    WrongOrder,
)
from settlement import clock
from settlement.errors import IllegalMove, NotFound, Refusal
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

Answer = OfferPrice | CounterOffer | TakeOffer
THREAD_MAX = 200  # offers of one negotiation that are shown
# Refusals that may say something of the buyer: to who does not know it, they do not.
OF_THE_BUYER = (
    *(NotVerified, NotAdmitted, TradingStopped),
    *(AlreadyTried, SoldOut, PurposeNotPermitted),
)
o = offers.c


class NotNamedYet(Refusal):
    """The buyer is not named until one of you takes an offer of the other."""


class NotForUnnamed(Refusal):
    """Who asks here is not named: answer with something that every member may buy."""


class NotWithThisBuyer(Refusal):
    """This cannot be settled with the unnamed buyer now; the reason would name it."""


def check_answer(reads: Engine, command: Command) -> None:
    """Refuse an offer in answer to a demand that is not open to its maker.

    NotFound, IllegalMove, NotForUnnamed, or WrongOrder if another instrument was asked
    for.
    """
    if isinstance(command, SealBid):
        with reads.connect() as db:
            found = demands.get(db, command.demand, command.member)
            asker = demands.asker(db, found.id)
            demands.check_answer(db, found.id, command.member, asker)
    if not isinstance(command, OfferPrice) or not command.demand:
        return
    with reads.connect() as db:
        query = select(books.c.vendor).where(books.c.instrument == command.instrument)
        vendor = db.scalar(query)
        buyer = command.to if vendor == command.member else command.member
        asked = demands.check_answer(db, command.demand, vendor or 0, buyer)
        check_open(db, command.demand, vendor or 0, command.instrument)
    if asked.instrument not in (None, command.instrument):
        raise WrongOrder("instrument")


def check_open(db: Connection, demand: int, vendor: int, instrument: int) -> None:
    """Refuse with NotForUnnamed, to who is not named, what named members alone may buy.

    Whether it goes would tell the vendor if the buyer is one of them.
    """
    unnamed = demands.is_unnamed(db, demand, vendor)
    if unnamed and demands.is_restricted(db, instrument):
        raise NotForUnnamed


def _submit(parts: Writing, command: Answer, demand: int, key: str | None) -> int:
    """Submit an offer or an answer to one; its result.

    NotWithThisBuyer instead of what would tell a vendor of a buyer that is not named.
    """
    try:
        result: int = parts.gateway.submit(command, key).result
    except OF_THE_BUYER as refusal:
        whose = getattr(refusal, "member", None)
        if whose != command.member and _hides(parts, demand, command.member):
            raise NotWithThisBuyer from None
        raise
    return result


def _hides(parts: Writing, demand: int, member: int) -> bool:
    """Tell whether a demand is of another than *member*, that is not told whose."""
    with parts.reads.connect() as db:
        unnamed = demands.is_unnamed(db, demand, member)
        return unnamed and demands.asker(db, demand) != member


def _demand_of(parts: Writing, offer: int) -> int:
    """Return the request that an offer answers, 0: none."""
    with parts.reads.connect() as db:
        return db.scalar(select(o.demand).where(o.id == offer)) or 0


def offer(parts: Writing, command: OfferPrice, key: str | None) -> int:
    """Offer one member a price, and tell it; the offer's number.

    NotFound, ReasonNeeded, AboveCeiling and others, as the market says.
    """
    number = _submit(parts, command, command.demand, key)
    with parts.writes.begin() as db:
        made = _row(db, number)
        kind = "quoted" if made.demand else "personal_price"
        _tell(db, made, made.maker, "bid_made" if made.maker == made.member else kind)
    return number


def counter(parts: Writing, command: CounterOffer, key: str | None) -> int:
    """Answer an offer with another, or change one's own; the new offer's number.

    The other side is told. What was asked of the answered offer is answered by it.
    """
    number = _submit(parts, command, _demand_of(parts, command.offer), key)
    with parts.writes.begin() as db:
        made, answered = _row(db, number), _row(db, command.offer)
        revises = made.maker == answered.maker
        _tell(db, made, command.member, "offer_revised" if revises else "countered")
        answer_changes(db, answered.id, revised=number)
    return number


def answer_changes(db: Connection, offer: int, **values: Any) -> None:
    """Note how the changes that were asked of an offer are answered; see `revising`."""
    c = offer_changes.c
    asked = update(offer_changes).where(c.offer == offer, c.answered_us.is_(None))
    db.execute(asked.values(values | {"answered_us": clock.now_us()}))


def decline(parts: Writing, command: DeclineOffer, key: str | None = None) -> None:
    """Turn an offer down, and tell its maker."""
    parts.gateway.submit(command, key)
    with parts.writes.begin() as db:
        _tell(db, _row(db, command.offer), command.member, "offer_declined")


def withdraw(parts: Writing, command: WithdrawOffer, key: str | None = None) -> None:
    """Take the member's own offer back."""
    parts.gateway.submit(command, key)


def take(parts: Writing, command: TakeOffer, key: str | None) -> int:
    """Trade at an offer, tell all who made one, close the request; the trade."""
    trade = _submit(parts, command, _demand_of(parts, command.offer), key)
    with parts.writes.begin() as db:
        taken = _row(db, command.offer)
        _tell(db, taken, command.member, "offer_taken")
        if taken.demand:
            for lost in _lost(db, taken):
                _tell(db, lost, taken.member, "offer_lost")
            _close(db, taken.demand, taken.member)
    return trade


def _lost(db: Connection, taken: Row[Any]) -> list[Row[Any]]:
    """Return the vendors' offers that a taken one of the same request ended."""
    query = select(offers).where(
        o.demand == taken.demand,
        o.id != taken.id,
        o.maker == o.vendor,
        o.state == "declined",
    )
    return list(db.execute(query.order_by(o.id).limit(PAGE_MAX)))


def _close(db: Connection, demand: int, member: int) -> None:
    try:
        demands.close(db, demand, member)
    except (IllegalMove, NotFound):  # over already
        return


def _row(db: Connection, number: int) -> Row[Any]:
    return db.execute(select(offers).where(o.id == number)).one()


def tell(db: Connection, offer: int, actor: int, kind: str, number: int) -> None:
    """Tell the other side of an offer what *actor* asked or answered, once."""
    _tell(db, _row(db, offer), actor, kind, f" {number}")


def _tell(db: Connection, row: Row[Any], actor: int, kind: str, more: str = "") -> None:
    """Tell the other side of an offer what *actor* did."""
    other = row.member if actor == row.vendor else row.vendor
    name = organisations.names(db, [actor])[actor]
    if other == row.vendor and demands.is_unnamed(db, row.demand, other):
        name = demands.UNNAMED
    facts = {"member": name, "href": f"/quotes/{encode('offer', row.id)}"}
    product = instruments.get(db, row.instrument).product
    notify(db, [other], kind, f"offer {row.id} {kind}{more}", product, facts)


# ── reads ──


def _offers(viewer: int) -> Any:
    """Return the question for offers as *viewer* may see them.

    Who buys is left out, to the vendor of an answer to a demand without a name.
    """
    hidden = and_(o.vendor == viewer, demands.unnamed(o.demand, o.vendor))
    buys = o.maker == o.member
    shown = {
        "member": case((hidden, null()), else_=o.member),
        "maker": case((and_(hidden, buys), null()), else_=o.maker),
    }
    columns = [shown.get(one.name, one).label(one.name) for one in offers.c]
    return select(*columns, books.c.symbol, books.c.currency).join_from(
        offers, books, books.c.instrument == o.instrument
    )


def of_vendor(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what a vendor sells or is to sell off the book, newest first."""
    return _page(db, _offers(vendor).where(o.vendor == vendor), before, limit)


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what a member buys or is to buy off the book, newest first."""
    return _page(db, _offers(member).where(o.member == member), before, limit)


def made_by(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what a member offered, newest first."""
    mine = and_(o.maker == member, or_(o.vendor == member, o.member == member))
    return _page(db, _offers(member).where(mine), before, limit)


def made_to(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what was offered to a member, newest first."""
    mine = and_(o.maker != member, or_(o.vendor == member, o.member == member))
    return _page(db, _offers(member).where(mine), before, limit)


def open_for(
    db: Connection, member: int, instruments: list[int], now_us: int
) -> list[Row[Any]]:
    """Return what a buyer may take now of these instruments, newest first."""
    query = _offers(member).where(
        o.member == member,
        o.maker != member,
        o.state == "open",
        o.expires_us > now_us,
        o.instrument.in_(instruments),
    )
    return list(db.execute(query.order_by(o.id.desc()).limit(PAGE_MAX)))


def one(db: Connection, number: int, member: int) -> Row[Any]:
    """Return an offer that *member* made or got; NotFound for all others."""
    mine = or_(o.vendor == member, o.member == member)
    query = _offers(member).where(o.id == number, mine)
    row: Row[Any] | None = db.execute(query).first()
    if row is None:
        raise NotFound("offer", encode("offer", number))
    return row


def check_named(db: Connection, number: int, member: int) -> None:
    """Refuse with NotNamedYet what would tell a vendor who asks without a name."""
    if one(db, number, member).member is None:
        raise NotNamedYet


def of_trade(db: Connection, trade: int, member: int) -> Row[Any] | None:
    """Return the offer that became a trade; None if it was not negotiated."""
    row: Row[Any] | None = db.execute(_offers(member).where(o.trade == trade)).first()
    return row


def thread(db: Connection, number: int, viewer: int) -> list[Row[Any]]:
    """Return an offer with all that led to it and all that answered it, in order."""

    def chain(name: str, follows: Callable[[Any, Any], Any]) -> Any:
        start = select(o.id, o.answers).where(o.id == number)
        chain = start.cte(name, recursive=True)
        more = select(o.id, o.answers).join(chain, follows(o, chain.c))
        return chain.union_all(more)

    before = chain("before", lambda row, chain: row.id == chain.answers)
    after = chain("after", lambda row, chain: row.answers == chain.id)
    mine = or_(o.id.in_(select(before.c.id)), o.id.in_(select(after.c.id)))
    query = _offers(viewer).where(mine).order_by(o.id)
    return list(db.execute(query.limit(THREAD_MAX)))


def answers_to(db: Connection, demand: int, member: int) -> list[Row[Any]]:
    """Return where each negotiation about a demand stands, as far as *member* is in it.

    Open ones first, the cheapest in all first.
    """
    mine = or_(o.vendor == member, o.member == member)
    query = _offers(member).where(o.demand == demand, o.state != "countered", mine)
    order = (o.state != "open", o.price * o.quantity, o.id)
    return list(db.execute(query.order_by(*order).limit(PAGE_MAX)))


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(o.id < before)
    rows = db.execute(query.order_by(o.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
