"""What the market knows of prices, limits, proposals and activity, from the tables."""

import json
from typing import Any

from sqlalchemy import Connection, func, select

from marketplace.trading import tables as t
from marketplace.trading.commands import frozen
from marketplace.trading.kept import Kept
from marketplace.trading.limits import NONE, Limits, merged
from marketplace.trading.market import Market
from marketplace.trading.proposals import WHOLE, Proposal, ProposalState, restored
from marketplace.trading.timetable import DAY_US, EAST_US, day_of
from settlement import claim_tables as m
from settlement import tables as s
from settlement.busts import Mark
from settlement.payments.payins import Payin, PayinState
from settlement.payments.payouts import Payout, PayoutState

PRICED = ("book", "auction")  # origins of trades that make a price


def last(db: Connection, column: Any) -> int:
    """Return the highest number given so far, or 0."""
    return int(db.execute(select(func.coalesce(func.max(column), 0))).scalar_one())


def load_prices(db: Connection, market: Market) -> None:
    """Give each venue its last price, and the last one before that day."""
    trades = s.trades.c
    busted = select(m.busts.c.trade).where(m.busts.c.price.is_(None))
    makes_price = trades.origin.in_(PRICED) & trades.id.not_in(busted)
    latest = (
        select(func.max(trades.id))
        .where(trades.instrument == t.books.c.instrument, makes_price)
        .scalar_subquery()
    )
    known = select(t.books.c.instrument, latest.label("latest")).subquery()
    query = select(known.c.instrument, trades.id, trades.price, trades.at_us)
    for instrument, *mark in db.execute(
        query.join(s.trades, trades.id == known.c.latest)
    ):
        venue, last = market.venues[instrument], Mark(*mark)
        venue.last_trade, venue.last_day = last.trade, day_of(last.at_us)
        venue.last = market.busts.price(last)
        earlier = (
            select(trades.id, trades.price, trades.at_us)
            .where(trades.instrument == instrument, makes_price)
            .where(trades.at_us < venue.last_day * DAY_US - EAST_US)
            .order_by(trades.id.desc())
            .limit(1)
        )
        for row in db.execute(earlier):
            venue.before_trade = row.id
            venue.before = market.busts.price(Mark(*row))


def load_limits(db: Connection, market: Market) -> None:
    """Put the latest limits of the market and of each instrument in force."""
    for _, instrument, *values in db.execute(select(t.limits).order_by(t.limits.c.seq)):
        if instrument == WHOLE:
            market.limits = Limits(*values)
        else:
            market.venues[instrument].own_limits = Limits(*values)
    for venue in market.venues.values():
        venue.limits = merged(venue.own_limits or NONE, market.limits)


def load_kept(db: Connection, market: Market) -> None:
    """Keep the posted prices that were raised a moment ago."""
    live = select(t.kept_prices).where(t.kept_prices.c.live == 1)
    for *row, _live in db.execute(live.order_by(t.kept_prices.c.id)):
        market.kept.put(Kept(*row))


def load_proposals(db: Connection, market: Market) -> None:
    """Let the open proposals wait again."""
    last = select(func.coalesce(func.max(t.proposals.c.id), 0))
    market.last_proposal = int(db.execute(last).scalar_one())
    waiting = select(t.proposals).where(t.proposals.c.state == str(ProposalState.OPEN))
    for row in db.execute(waiting.order_by(t.proposals.c.id)):
        kept = Proposal(*row)
        market.proposals[kept.number] = kept
        market.steps[kept.number] = restored(kept, frozen(json.loads(kept.body)))


def load_activity(db: Connection, market: Market) -> None:
    """Count the orders and trades of the last day that had any."""
    trades, orders = s.trades.c, t.orders.c
    at_us = db.scalar(select(orders.at_us).order_by(orders.id.desc()).limit(1))
    if at_us is None:
        return
    begins_us = day_of(at_us) * DAY_US - EAST_US
    placed = select(orders.member, orders.instrument, orders.at_us)
    before = select(orders.id).where(orders.at_us < begins_us)
    latest = before.order_by(orders.id.desc()).limit(1).scalar_subquery()
    placed = placed.where(orders.id > func.coalesce(latest, 0)).order_by(orders.id)
    traded = select(trades.buyer, trades.seller, trades.instrument, trades.at_us)
    before = select(trades.id).where(trades.at_us < begins_us)
    latest = before.order_by(trades.id.desc()).limit(1).scalar_subquery()
    traded = traded.where(
        trades.id > func.coalesce(latest, 0), trades.origin.in_(PRICED)
    ).order_by(trades.id)
    market.activity.restore(
        (tuple(row) for row in db.execute(placed)),
        (tuple(row) for row in db.execute(traded)),
    )


def load_payments(db: Connection, market: Market) -> None:
    """Let the payins and payouts wait again that somebody has still to act on."""
    payins = select(s.payins).where(
        s.payins.c.state.in_((str(PayinState.CREATED), str(PayinState.PENDING)))
    )
    for row in db.execute(payins.order_by(s.payins.c.id)):
        market.payins.waiting[row.id] = Payin(*row)
    payouts = select(s.payouts).where(
        s.payouts.c.state.in_((str(PayoutState.REQUESTED), str(PayoutState.APPROVED)))
    )
    for row in db.execute(payouts.order_by(s.payouts.c.id)):
        market.payouts.waiting[row.id] = Payout(*row)
    market.payins.last = last(db, s.payins.c.id)
    market.payouts.last = last(db, s.payouts.c.id)
