"""Reviews: one for each settled trade, by its buyer, with sub-scores and a reply.

Source: features C6: bound to a trade, so that there are no more of them than trades;
a reply is void once the review changes. They are double-blind: neither side reads what
the other says before both have spoken or the window is over (see `buyers`).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from listings import catalogue, products, tables
from listings.marking import N_
from listings.tables import instruments
from marketplace.community import blind
from marketplace.community.moderation import checked, row_of, written
from marketplace.community.notices import notify
from marketplace.community.tables import buyer_ratings, ratings
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import PAGE_MAX
from settlement.tables import trades

TEXT_MAX = 4_000  # characters
WRITE_DAYS = 180  # after the trade
SCORES = ("quality", "accuracy", "support")
SETTLED = "settled"
BEST = 5

_r = ratings.c


class Scores(NamedTuple):
    """What a buyer thinks, 1 (bad) to 5 (good)."""

    quality: int
    accuracy: int  # whether it is as described
    support: int


class Mean(NamedTuple):
    """The mean of the reviews in hundredths of a point, and how many there are."""

    number: int
    overall: int
    quality: int
    accuracy: int
    support: int


@dataclass(eq=False)
class NotYours(Refusal):
    """Only the buyer of a settled trade reviews it, within 180 days, once."""


def rate(db: Connection, trade: int, scores: Scores, text: str, by: User) -> int:
    """Review a settled trade of the user's member, or change the review; its number.

    NotYours for who did not buy it, or who sells the product; a change voids the
    vendor's reply.
    """
    found = trade_of(db, trade)
    own = found is not None and found.buyer == by.member != found.vendor
    now_us = clock.now_us()
    if found is None or not own or found.state != SETTLED:
        raise NotYours
    if found.at_us < now_us - WRITE_DAYS * clock.DAY_US:
        raise NotYours
    if not all(1 <= score <= BEST for score in scores):
        raise Invalid({"quality": [N_("Give 1 to 5 points.")]})
    said = checked(text, TEXT_MAX, "text", needed=False)
    values = scores._asdict() | {"text": said, "at_us": now_us, "by_user": by.id}
    before = db.execute(select(ratings).where(_r.trade == trade)).first()
    if before is not None:
        void = {"reply": "", "reply_us": None}
        db.execute(update(ratings).where(_r.id == before.id).values(values | void))
        return int(before.id)
    open_us = blind.opens(db, found, buyer_ratings, now_us)
    fixed = {"trade": trade, "product": found.product, "member": by.member}
    fixed["open_us"] = open_us
    empty = {"reply": "", "hidden_reason": ""}
    made = db.execute(insert(ratings).values(values | fixed | empty).returning(_r.id))
    number = int(made.scalar_one())
    kind = "rated" if open_us <= now_us else "rated_blind"
    facts = {"days": blind.WINDOW_DAYS, "href": blind.page(trade)}
    facts = facts if kind == "rated_blind" else {}
    notify(db, [found.vendor], kind, f"rating {number}", found.product, facts)
    return number


def reply(db: Connection, rating: int, text: str, by: User) -> None:
    """Reply to a review of the vendor's own product."""
    said = checked(text, TEXT_MAX, "reply")
    row = row_of(db, ratings, "rating", rating)
    theirs = products.find(db, row.product).vendor == by.member
    if not theirs or row.open_us > clock.now_us():
        raise NotFound("rating", encode("rating", rating))
    values = {"reply": said, "reply_us": clock.now_us()}
    db.execute(update(ratings).where(_r.id == rating).values(values))
    cause = f"reply {rating} {row.at_us}"
    notify(db, [row.member], "rating_replied", cause, row.product)


def get(db: Connection, rating: int) -> Row[Any]:
    """Return one of them; NotFound if there is none."""
    found: Row[Any] = row_of(db, ratings, "rating", rating)
    return found


def of_product(
    db: Connection,
    product: int,
    before: int | None = None,
    limit: int = PAGE_MAX,
    *,
    hidden: bool = False,
) -> list[Row[Any]]:
    """Return the reviews of a product that are open, newest first."""
    opened = _r.open_us <= clock.now_us()
    return written(ratings, db, product, before, limit, opened, hidden=hidden)


def of_trade(db: Connection, trade: int) -> Row[Any] | None:
    """Return the review of a trade, open or not; the caller minds who asks."""
    return db.execute(select(ratings).where(_r.trade == trade)).first()


def mean(db: Connection, product: int) -> Mean:
    """Return the mean of a product's reviews."""
    return _mean(db, _r.product == product)


def mean_of_vendor(db: Connection, vendor: int) -> Mean:
    """Return the mean of the reviews of a vendor's products."""
    theirs = select(tables.products.c.id)
    theirs = theirs.where(tables.products.c.vendor == vendor)
    return _mean(db, _r.product.in_(theirs))


def to_rate(db: Connection, product: int, member: int) -> list[Row[Any]]:
    """Return the trades of *member* in a product that it may review, newest first.

    With what it has said of each already.
    """
    since_us = clock.now_us() - WRITE_DAYS * clock.DAY_US
    query = (
        select(
            trades.c.id,
            trades.c.at_us,
            *(_r[name] for name in SCORES),
            _r.text,
            _r.open_us,
        )
        .join(instruments, instruments.c.id == trades.c.instrument)
        .outerjoin(ratings, _r.trade == trades.c.id)
        .where(
            instruments.c.product == product,
            trades.c.buyer == member,
            trades.c.state == SETTLED,
            trades.c.at_us >= since_us,
        )
        .order_by(trades.c.id.desc())
        .limit(PAGE_MAX)
    )
    vendor = catalogue.product(db, product).vendor
    return [] if vendor == member else list(db.execute(query))


def _mean(db: Connection, which: Any) -> Mean:
    sums = [func.sum(_r[name]) for name in SCORES]
    seen = (_r.hidden_us.is_(None), _r.open_us <= clock.now_us())
    query = select(func.count(), *sums).where(which, *seen)
    number, *found = db.execute(query).one()
    if not number:
        return Mean(0, 0, 0, 0, 0)
    means = [int(total) * 100 // number for total in found]
    return Mean(number, sum(map(int, found)) * 100 // (len(SCORES) * number), *means)


def trade_of(db: Connection, trade: int) -> Row[Any] | None:
    """Return a trade with its product and the vendor of that, if there is one."""
    p = tables.products.c
    query = (
        select(trades, instruments.c.product, p.vendor)
        .join(instruments, instruments.c.id == trades.c.instrument)
        .join(tables.products, p.id == instruments.c.product)
        .where(trades.c.id == trade)
    )
    return db.execute(query).first()
