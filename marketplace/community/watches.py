"""Following: which products and vendors a member wants to hear of (features C3)."""

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from listings import catalogue, products
from listings.marking import N_
from marketplace.community.tables import watches
from marketplace.members import organisations
from settlement import clock
from settlement.errors import Invalid

OF_MEMBER_MAX = 1_000
PRODUCT, VENDOR = KINDS = ("product", "vendor")

_w = watches.c


def follow(db: Connection, member: int, kind: str, target: int) -> None:
    """Follow a product that the member may see, or a vendor; once is enough."""
    if kind == PRODUCT:
        catalogue.listing(db, target, member)
    else:
        organisations.get(db, target)
    if follows(db, member, kind, target):
        return
    mine = select(func.count()).select_from(watches).where(_w.member == member)
    if (db.scalar(mine) or 0) >= OF_MEMBER_MAX:
        raise Invalid({"target": [N_("A member follows at most 1,000.")]})
    db.execute(
        insert(watches).values(
            member=member, kind=kind, target=target, since_us=clock.now_us()
        )
    )


def unfollow(db: Connection, member: int, kind: str, target: int) -> None:
    """Follow it no longer."""
    db.execute(delete(watches).where(*_mine(member, kind, target)))


def follows(db: Connection, member: int, kind: str, target: int) -> bool:
    """Tell whether the member follows it."""
    query = select(_w.member).where(*_mine(member, kind, target))
    return db.execute(query).first() is not None


def followed(db: Connection, member: int, kind: str) -> list[int]:
    """Return what the member follows, the newest first."""
    query = select(_w.target).where(_w.member == member, _w.kind == kind)
    query = query.order_by(_w.since_us.desc(), _w.target.desc()).limit(OF_MEMBER_MAX)
    return list(db.execute(query).scalars())


def followers(db: Connection, product: int) -> list[int]:
    """Return who follows a product or its vendor."""
    vendor = products.find(db, product).vendor
    query = select(_w.member).where(
        ((_w.kind == PRODUCT) & (_w.target == product))
        | ((_w.kind == VENDOR) & (_w.target == vendor))
    )
    return sorted(set(db.execute(query).scalars()))


def count(db: Connection, kind: str, target: int) -> int:
    """Return how many members follow it."""
    query = select(func.count()).select_from(watches)
    return db.scalar(query.where(_w.kind == kind, _w.target == target)) or 0


def _mine(member: int, kind: str, target: int) -> tuple[ColumnElement[bool], ...]:
    return _w.member == member, _w.kind == kind, _w.target == target
