"""What the records say of bids in tenders that stand, for who would end them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from marketplace.trading.tables import offers
from marketplace.trading.tender_tables import tender_bids
from marketplace.trading.tenders import Bond
from settlement.errors import Refusal
from settlement.ids import encode


@dataclass(eq=False)
class BidStands(Refusal):
    """An opened bid with a deposit stands on this: first take the bid back."""

    demand: str


def check_none_stands(db: Connection, instruments: Iterable[int]) -> None:
    """Refuse with BidStands what would end an opened bid and free its deposit.

    For a vendor that takes its *instruments* off the market, or from some: it would
    take the bid back for nothing.
    """
    b, o = tender_bids.c, offers.c
    query = (
        select(b.demand)
        .join(offers, o.id == b.offer)
        .where(o.instrument.in_(list(instruments)), o.state == "open")
        .where(b.bond == str(Bond.HELD))
    )
    demand = db.scalar(query.limit(1))
    if demand is not None:
        raise BidStands(encode("demand", demand))
