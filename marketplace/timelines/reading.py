"""One page of a timeline: what all sources tell of a subject, newest first."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    cast,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
)

from listings.tables import instruments, products
from marketplace.members.tables import members
from marketplace.timelines.sources import (
    SEALED,
    SOURCES,
    STAFF_ONLY,
    STAFF_TEXT,
    Source,
)
from marketplace.timelines.tables import remarks
from marketplace.trading.tables import orders
from settlement import clock, ids
from settlement.errors import NotFound
from settlement.store import PAGE_MAX, next_numbers
from settlement.tables import entitlements, trades

ABOUT = {"member": members, "product": products, "trade": trades}
REMARK_MAX = 2_000  # characters
OF_MOMENT_MAX = 10_000  # entries of one moment that are told apart
SINCE_US = 1_577_836_800 * clock.SECOND_US  # 2020: before there was an exchange
_BY_CODE = {source.code: source for source in SOURCES}


class Entry(NamedTuple):
    """One dated fact."""

    at_us: int
    code: str  # what happened: of a `Source`
    topic: str
    kind: str  # of the public id of *number*; empty: it has none
    number: int | None
    by_user: int | None
    words: str  # the vocabulary that *state* is of
    state: str | None  # as it is now, where the fact has one
    text: str | None
    amount: int | None  # minor units of *currency*
    currency: int | None

    @property
    def is_sealed(self) -> bool:
        """Tell whether *text* was sealed when it was recorded."""
        return self.code in SEALED


class Timeline(NamedTuple):
    """A page, newest first."""

    rows: list[Entry]
    before: int | None  # place that the next page starts after; None: no more


def page_of(
    db: Connection,
    about: str,
    subject: int,
    *,
    topic: str = "",
    before: int | None = None,
    limit: int = PAGE_MAX,
    staff: bool = True,
) -> Timeline:
    """Return the newest *limit* entries, those after the place *before* if given.

    A place is a moment and how many of its entries were told: many share one, as what
    an import made does. *topic* narrows; without *staff* what the desk notes is left
    out. NotFound if there is no such subject, or *about* is none of `ABOUT`.
    """
    _must_be_there(db, about, subject)
    until_us, skipped = (None, 0) if before is None else divmod(before, OF_MOMENT_MAX)
    if until_us is not None:
        until_us += SINCE_US
    most = skipped + limit + 1
    told = [
        _told(source, which, until_us, most, staff=staff)
        for source in SOURCES
        if topic in {"", source.topic}
        and (staff or source.code not in STAFF_ONLY)
        and (which := _tells_of(source, about, subject)) is not None
    ]
    if not told:
        return Timeline([], None)
    union = union_all(*told).subquery()
    order = (union.c.at_us.desc(), union.c.code, union.c.first, union.c.last)
    found = db.execute(select(union).order_by(*order).limit(most))
    rows = [_entry(row) for row in found][skipped:]
    if len(rows) <= limit:
        return Timeline(rows, None)
    kept = rows[:limit]
    last_us = kept[-1].at_us
    done = sum(row.at_us == last_us for row in kept)
    done += skipped if last_us == until_us else 0
    return Timeline(kept, (last_us - SINCE_US) * OF_MOMENT_MAX + done)


def remark(db: Connection, about: str, subject: int, by_user: int, text: str) -> int:
    """Add a remark of up to `REMARK_MAX` characters; NotFound without the subject.

    Nothing takes a remark back; another may put it right.
    """
    _must_be_there(db, about, subject)
    (number,) = next_numbers(db, remarks.c.id)
    db.execute(
        insert(remarks).values(
            id=number,
            about=about,
            subject=subject,
            at_us=clock.now_us(),
            by_user=by_user,
            text=text,
        )
    )
    return number


def _must_be_there(db: Connection, about: str, subject: int) -> None:
    if about not in ABOUT:
        raise NotFound("timeline", about[:20])
    ident = ABOUT[about].c.id
    if db.scalar(select(ident).where(ident == subject)) is None:
        raise NotFound(about, ids.encode(about, subject))


def _tells_of(source: Source, about: str, subject: int) -> ColumnElement[bool] | None:
    """Return which rows of a source tell of the subject; None if none can."""
    has = source.table.c
    if source.table is remarks:
        return (has.about == about) & (has.subject == subject)
    if source.table is ABOUT[about]:
        return has.id == subject
    which = {"member": _of_member, "product": _of_product, "trade": _of_trade}
    return which[about](source, subject)


def _of_member(source: Source, subject: int) -> ColumnElement[bool] | None:
    has = source.table.c
    if source.members:
        return or_(*(has[name] == subject for name in source.members))
    if source.table is products:
        return has.vendor == subject
    if "product" in has:
        return has.product.in_(
            select(products.c.id).where(products.c.vendor == subject)
        )
    if "entitlement" in has:
        return has.entitlement.in_(
            select(entitlements.c.id).where(entitlements.c.holder == subject)
        )
    if "trade" in has:
        return has.trade.in_(
            select(trades.c.id).where(
                or_(trades.c.buyer == subject, trades.c.seller == subject)
            )
        )
    return None


def _of_product(source: Source, subject: int) -> ColumnElement[bool] | None:
    has = source.table.c
    own = select(instruments.c.id).where(instruments.c.product == subject)
    if "product" in has:
        return has.product == subject
    if "instrument" in has:
        return has.instrument.in_(own)
    if "entitlement" in has:
        held = select(entitlements.c.id).where(entitlements.c.instrument.in_(own))
        return has.entitlement.in_(held)
    if "trade" in has:
        return has.trade.in_(select(trades.c.id).where(trades.c.instrument.in_(own)))
    return None


def _of_trade(source: Source, subject: int) -> ColumnElement[bool] | None:
    has = source.table.c
    if source.table is orders:
        sides = union_all(
            select(trades.c.buy_order).where(trades.c.id == subject),
            select(trades.c.sell_order).where(trades.c.id == subject),
        )
        return has.id.in_(sides)
    if "trade" in has:
        return has.trade == subject
    if "entitlement" in has:
        opened = select(entitlements.c.id).where(entitlements.c.trade == subject)
        return has.entitlement.in_(opened)
    return None


def _told(
    source: Source,
    which: ColumnElement[bool],
    until_us: int | None,
    most: int,
    *,
    staff: bool,
) -> Select[Any]:
    """Return the question for the newest *most* of a source's rows, in order."""
    has = source.table.c
    at = has[source.at]
    keys = list(source.table.primary_key)
    first, last = keys[0], keys[-1]

    def whole(name: str) -> ColumnElement[Any]:
        return has[name] if name in has else cast(null(), BigInteger)

    def words(name: str) -> ColumnElement[Any]:
        return has[name] if name else cast(null(), Text)

    amount = source.amount
    tells = staff or source.code not in STAFF_TEXT
    query = select(
        at.label("at_us"),
        literal(source.code).label("code"),
        whole(source.number).label("number"),
        whole(source.by).label("by_user"),
        words(source.state).label("state"),
        words(source.text if tells else "").label("text"),
        (cast(null(), BigInteger) if amount is None else amount).label("amount"),
        whole(source.currency if amount is not None else "").label("currency"),
        first.label("first"),
        last.label("last"),
    ).where(which, at.is_not(None))
    if until_us is not None:
        query = query.where(at <= until_us)
    newest = query.order_by(at.desc(), first, last).limit(most)
    return select(newest.subquery())


def _entry(row: Row[Any]) -> Entry:
    source = _BY_CODE[row.code]
    return Entry(
        row.at_us, row.code, source.topic, source.kind, row.number, row.by_user,
        source.words, row.state, row.text, row.amount, row.currency,
    )  # fmt: skip


def users_in(rows: Collection[Entry]) -> set[int]:
    """Return the numbers of the users who acted in *rows*."""
    return {row.by_user for row in rows if row.by_user is not None}
