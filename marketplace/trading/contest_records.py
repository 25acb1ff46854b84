"""Between the contests in memory and their tables: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading import tables as t
from marketplace.trading.contests import Bidder, BidderState, Contest, ContestState
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of contests that began or changed, of bids and of bidders."""
    desk = market.contests
    return {
        "contests": [contest.row() for contest in desk.opened],
        "contests_changed": [
            (c.number, c.closes_us, str(c.state), c.due_us, c.winner, c.price, c.trade)
            for c in desk.changed.values()
        ],
        "contest_bids": list(desk.bids),
        "contest_bidders": [bidder.row() for bidder in desk.bidders.values()],
    }


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of contests."""
    script.insert(t.contests, effects.contests)
    script.update(
        t.contests,
        ("id", "closes_us", "state", "due_us", "winner", "price", "trade"),
        effects.contests_changed,
    )
    script.insert(t.contest_bids, effects.contest_bids)
    script.upsert(t.contest_bidders, effects.contest_bidders)


def load(db: Connection, market: Market) -> None:
    """Take over the contests under way, with their bidders, from the records."""
    under_way = t.contests.c.state.in_(
        (str(ContestState.OPEN), str(ContestState.AWARDED))
    )
    live = select(t.contests).where(under_way).order_by(t.contests.c.id)
    for row in db.execute(live):
        contest = Contest(*row)
        contest.state = ContestState(row.state)
        market.contests.restore(contest)
    b = t.contest_bidders
    of_live = select(b).join(t.contests, t.contests.c.id == b.c.contest)
    for row in db.execute(of_live.where(under_way).order_by(b.c.contest, b.c.member)):
        bidder = Bidder(*row)
        bidder.state = BidderState(row.state)
        market.contests.live[row.contest].bidders[row.member] = bidder
