"""What the records say of bids in tenders that stand, for who would end them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from marketplace.trading.tables import books, offers
from marketplace.trading.tender_tables import tender_bids, tenders
from marketplace.trading.tenders import Bond, TenderState
from settlement.errors import Refusal
from settlement.ids import encode


@dataclass(eq=False)
class BidStands(Refusal):
    """A bid with a deposit stands on this: open it, then take it back, or wait."""

    demand: str


def check_none_stands(db: Connection, instruments: Iterable[int]) -> None:
    """Refuse with BidStands what would end an opened bid and free its deposit.

    For a vendor that takes its *instruments* off the market, or from some: it would
    take the bid back for nothing. From the close of a tender until its bids are opened
    nobody knows what they are for: then any of its vendor's.
    """
    b, o, units = tender_bids.c, offers.c, list(instruments)
    vendors = select(books.c.vendor).where(books.c.instrument.in_(units))
    closed = and_(
        tenders.c.state == str(TenderState.CLOSED), b.vendor.in_(vendors)
    )  # fmt: skip
    query = (
        select(b.demand)
        .join(tenders, tenders.c.id == b.demand)
        .outerjoin(offers, o.id == b.offer)
        .where(or_(closed, and_(o.instrument.in_(units), o.state == "open")))
        .where(b.bond == str(Bond.HELD))
    )
    demand = db.scalar(query.limit(1))
    if demand is not None:
        raise BidStands(encode("demand", demand))
