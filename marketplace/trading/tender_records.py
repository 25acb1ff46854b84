"""Between the tenders in memory and their tables: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading import tender_tables as t
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from marketplace.trading.tenders import (
    LIVE,
    BidState,
    Bond,
    Sealed,
    Tender,
    TenderState,
)
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of tenders and bids that are new or changed, and forget them."""
    desk = market.tenders
    rows: dict[str, Rows] = {
        "tenders": [tender.row() for tender in desk.changed.values()],
        "tender_bids": [bid.row() for bid in desk.sealed.values()],
    }
    desk.changed.clear()
    desk.sealed.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of tenders."""
    script.upsert(t.tenders, effects.tenders)
    script.upsert(t.tender_bids, effects.tender_bids)


def load(db: Connection, market: Market) -> None:
    """Take over the tenders under way, with their bids, from the records."""
    under_way = t.tenders.c.state.in_([str(state) for state in LIVE])
    for row in db.execute(select(t.tenders).where(under_way).order_by(t.tenders.c.id)):
        tender = Tender(*row)
        tender.state = TenderState(row.state)
        market.tenders.restore(tender)
    b = t.tender_bids
    of_live = select(b).join(t.tenders, t.tenders.c.id == b.c.demand).where(under_way)
    for row in db.execute(of_live.order_by(b.c.demand, b.c.vendor)):
        bid = Sealed(*row)
        bid.state, bid.bond = BidState(row.state), Bond(row.bond)
        market.tenders.live[bid.demand].bids[bid.vendor] = bid
