"""A member's money, move by move: what the accounts' transfers say of it.

Amounts are in minor units. Lists come as `store.Page`, newest first; hand its `before`
to the next call for the next page.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    select,
    union,
    union_all,
)

from settlement.cycle_tables import obligations
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import accounts, escrows, journal, trades, transfers

FREE, HELD, ESCROW = 0, 1, 2  # pockets
BOND_LOST = "bond_lost"  # the reason of a transfer from a bidder to a tender's buyer


def transfers_of(
    db: Connection, owner: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the moves of a member's money.

    `amount` is the signed change of all its money, `free` and `held` those of the
    pockets (a hold changes only these); `other` is the other party, `debit_pocket` and
    `credit_pocket` tell from where to where. Who loses a bond is not told here to whom:
    a tender's buyer may be unnamed; then `other` is the member itself.
    """
    limit = min(limit, PAGE_MAX)
    # Of the trade that the page before ended in, neither move may be left: one more.
    traded = trades_by_side(owner, trades.c.delivery, before, limit + 2)
    paid = select(transfers.c.id).join(
        traded,
        (transfers.c.subject == traded.c.id)
        & (
            (transfers.c.reason == "payment")
            | ((transfers.c.reason == "fee") & (traded.c.seller == owner))
        )
        & transfers.c.id.in_((traded.c.delivery + 1, traded.c.delivery + 2)),
    )
    candidates = union(
        paid,
        *(
            select(_latest(side == owner, before, limit))
            for side in (transfers.c.payer, transfers.c.payee)
        ),
    )
    query = moves_of(owner).where(transfers.c.id.in_(candidates))
    if before is not None:
        query = query.where(transfers.c.id < before)
    newest = query.order_by(transfers.c.id.desc()).limit(limit + 1)
    return page(db.execute(newest).all(), limit)


def trades_by_side(
    member: int, key: ColumnElement[int], before: int | None, limit: int
) -> Subquery:
    """Return the newest *limit* trades of each side of a member, to select from.

    *key* is the column of ``trades`` that *before* is a value of: the trade's number
    or its delivery's. Each side is read by its own index, which goes by seq: one OR
    over both would sort all that the member ever traded.
    """
    sides = []
    for party in (trades.c.buyer, trades.c.seller):
        query = select(trades).where(party == member)
        if before is not None:
            of = transfers if key is trades.c.delivery else trades.alias("bound")
            bound = select(of.c.seq).where(of.c.id == before).scalar_subquery()
            # A number that is nobody's yet, beyond the newest, bounds nothing.
            newest_seq = select(func.max(journal.c.seq)).scalar_subquery()
            seq = func.coalesce(bound, newest_seq)
            query = query.where(trades.c.seq <= seq, key < before)
        if key is trades.c.delivery:
            # What went to escrow is found by its payer and payee, like other moves.
            waits = exists().where(escrows.c.trade == trades.c.id)
            later = exists().where(obligations.c.trade == trades.c.id)
            query = query.where(trades.c.price > 0, ~waits, ~later)
        newest = query.order_by(trades.c.seq.desc(), trades.c.id.desc())
        sides.append(select(newest.limit(limit).subquery()))
    return union_all(*sides).subquery()


def _latest(which: ColumnElement[bool], before: int | None, limit: int) -> Any:
    query = select(transfers.c.id).where(which).order_by(transfers.c.id.desc())
    if before is not None:
        query = query.where(transfers.c.id < before)
    return query.limit(limit + 1).subquery()


def moves_of(owner: int) -> Select[Any]:
    """Return all transfers as `transfers_of` shows them, to choose from."""
    debit, credit = accounts.alias("d"), accounts.alias("c")

    def change(*pockets: int) -> ColumnElement[int]:
        lost = and_(debit.c.owner == owner, debit.c.pocket.in_(pockets))
        gained = and_(credit.c.owner == owner, credit.c.pocket.in_(pockets))
        amount = transfers.c.amount
        return case((gained, amount), else_=0) - case((lost, amount), else_=0)

    return (
        select(
            transfers.c.id,
            transfers.c.seq,
            journal.c.at_us,
            debit.c.asset,
            change(FREE, HELD, ESCROW).label("amount"),
            change(FREE).label("free"),
            change(HELD).label("held"),
            _party(
                case(
                    (transfers.c.reason == BOND_LOST, debit.c.owner),
                    (debit.c.owner == owner, credit.c.owner),
                    else_=debit.c.owner,
                )
            ).label("other"),
            debit.c.pocket.label("debit_pocket"),
            credit.c.pocket.label("credit_pocket"),
            transfers.c.reason,
            transfers.c.subject,
        )
        .join(debit, debit.c.id == transfers.c.debit)
        .join(credit, credit.c.id == transfers.c.credit)
        .outerjoin(journal, journal.c.seq == transfers.c.seq)
    )


def _party(owner: ColumnElement[int]) -> ColumnElement[int]:
    """Return who an owner is to a member: the house's own accounts are the house."""
    return case((owner < 0, 0), else_=owner)
