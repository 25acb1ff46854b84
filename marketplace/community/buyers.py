"""What vendors say of their buyers: one word for each settled trade, double-blind.

The mean is for the buyer itself and for the vendors that deal with it, never for the
public: a buyer has no shop window.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select

from listings.marking import N_
from marketplace.community import blind
from marketplace.community.moderation import checked
from marketplace.community.notices import notify
from marketplace.community.ratings import (
    BEST,
    SETTLED,
    TEXT_MAX,
    WRITE_DAYS,
    trade_of,
)
from marketplace.community.ratings import of_trade as reviews_of_trade
from marketplace.community.tables import buyer_ratings, ratings
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, Refusal

SAMPLE_MIN = 3  # fewer words say nothing, and show who gave them

_b = buyer_ratings.c


class Marks(NamedTuple):
    """What a vendor thinks of a buyer, 1 (bad) to 5 (good)."""

    clarity: int  # whether it said what it needs
    conduct: int  # whether it kept to the terms


class Standing(NamedTuple):
    """The mean of a buyer's marks in hundredths of a point, and how many there are."""

    number: int
    overall: int


@dataclass(eq=False)
class NotYourSale(Refusal):
    """Only the vendor of a settled trade rates its buyer, within 180 days, once."""


class Spoken(NamedTuple):
    """What both sides of a trade said; None: nothing yet. The caller minds who asks."""

    product: int
    vendor: int  # of the product, who need not have sold it
    review: Row[Any] | None  # the buyer's
    buyer: Row[Any] | None  # on the buyer


def spoken(db: Connection, trade: int) -> Spoken | None:
    """Return what was said of a trade; None if it is none of a product."""
    found = trade_of(db, trade)
    if found is None:
        return None
    said = reviews_of_trade(db, trade), of_trade(db, trade)
    return Spoken(found.product, found.vendor, *said)


def rate(db: Connection, trade: int, marks: Marks, text: str, by: User) -> None:
    """Rate the buyer of a settled sale of the user's member, once.

    NotYourSale for any other trade or the second time, `blind.WindowOver` once the
    buyer's own review is open.
    """
    found = trade_of(db, trade)
    now_us = clock.now_us()
    theirs = found is not None and found.seller == by.member == found.vendor
    if found is None or not theirs or found.state != SETTLED:
        raise NotYourSale
    late = found.at_us < now_us - WRITE_DAYS * clock.DAY_US
    if late or of_trade(db, trade) is not None:
        raise NotYourSale
    if not all(1 <= mark <= BEST for mark in marks):
        raise Invalid({"clarity": [N_("Give 1 to 5 points.")]})
    said = checked(text, TEXT_MAX, "text", needed=False)
    open_us = blind.opens(db, found, ratings, now_us)
    db.execute(
        insert(buyer_ratings).values(
            trade=trade,
            vendor=by.member,
            buyer=found.buyer,
            by_user=by.id,
            text=said,
            at_us=now_us,
            open_us=open_us,
            **marks._asdict(),
        )
    )
    if open_us > now_us:
        facts = {"days": blind.WINDOW_DAYS}
        cause = f"buyer rated {trade}"
        notify(db, [found.buyer], "buyer_rated_blind", cause, found.product, facts)


def of_trade(db: Connection, trade: int) -> Row[Any] | None:
    """Return what was said of a trade's buyer; the caller minds who asks."""
    query = select(buyer_ratings).where(_b.trade == trade)
    return db.execute(query).first()


def standing(db: Connection, buyer: int) -> Standing | None:
    """Return the mean of a buyer's open marks; None below the sample."""
    total = func.sum(_b.clarity + _b.conduct)
    query = select(func.count(), total).where(
        _b.buyer == buyer, _b.open_us <= clock.now_us()
    )
    number, points = db.execute(query).one()
    if number < SAMPLE_MIN:
        return None
    return Standing(number, int(points) * 100 // (number * len(Marks._fields)))
