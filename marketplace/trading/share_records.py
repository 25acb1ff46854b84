"""Between shares and taxes in memory and their tables: drain and write, load."""

import json

from sqlalchemy import Connection, func, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from marketplace.trading.splits import Part, Split, SplitState
from settlement import share_tables as t
from settlement.canonical import canonical
from settlement.script import Script
from settlement.sharing import Shares, Stake
from settlement.tables import trades
from settlement.taxes import TaxSchedule, rates_of


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of agreements, consents and shares that changed, and taxes."""
    splits = market.splits.changed.values()
    return {
        "splits": [
            (
                s.number, s.seq, s.at_us, s.by_user, s.vendor, s.product,
                canonical(s.parts), str(s.state), s.ended_seq,
            )
            for s in splits
        ],
        "split_parties": [
            (s.number, member, *(given or (None, None)))
            for s in splits
            for member, given in sorted(s.consents.items())
        ],
        "shares": [row for s in market.shares.changed.values() for row in s.rows()],
        "tax_schedules": [
            (taxes.version, seq, canonical(taxes.rates))
            for taxes, seq in market.taxes_new
        ],
    }  # fmt: skip


def forget(market: Market) -> None:
    """Empty everything that `drain` has read."""
    market.splits.changed.clear()
    market.shares.changed.clear()
    market.taxes_new.clear()


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed."""
    script.upsert(t.splits, effects.splits)
    script.upsert(t.split_parties, effects.split_parties)
    script.upsert(t.shares, effects.shares, ("amount", "netted"))
    script.insert(t.tax_schedules, effects.tax_schedules)


def load(db: Connection, market: Market) -> None:
    """Take over agreements, shares and the taxes in force from the records."""
    live = [str(SplitState.WAITING), str(SplitState.IN_FORCE)]
    query = select(t.splits).where(t.splits.c.state.in_(live))
    for row in db.execute(query.order_by(t.splits.c.id)).all():
        parts = tuple(Part(*part) for part in json.loads(row.parts))
        split = Split(
            row.id, row.seq, row.at_us, row.by_user, row.vendor, row.product, parts,
            SplitState(row.state),
        )  # fmt: skip
        of = t.split_parties.c
        consents = select(t.split_parties).where(of.split == row.id)
        for _, member, seq, by in db.execute(consents.order_by(of.member)):
            split.consents[member] = None if seq is None else (seq, by)
        market.splits.restore(split)
    last = select(func.coalesce(func.max(t.splits.c.id), 0))
    market.splits.last = int(db.execute(last).scalar_one())
    _load_shares(db, market)
    schedules = select(t.tax_schedules).order_by(t.tax_schedules.c.version)
    for version, _, rates in db.execute(schedules):
        market.taxes = TaxSchedule(version, rates_of(json.loads(rates)))
        market.taxes_new.clear()


def _load_shares(db: Connection, market: Market) -> None:
    query = (
        select(t.shares, trades.c.currency, trades.c.seller)
        .join(trades, trades.c.id == t.shares.c.trade)
        .order_by(t.shares.c.trade, t.shares.c.place)
    )
    for row in db.execute(query):
        found = market.shares.of.get(row.trade)
        if found is None:
            found = Shares(row.trade, row.currency, row.seller, ())
            market.shares.of[row.trade] = found
        found.stakes = (*found.stakes, Stake(row.party, row.role, row.weight))
        found.amounts.append(row.amount)
        found.netted.append(row.netted)
