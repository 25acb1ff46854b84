"""Typed notices about a product, and the gate before a breaking change of schema.

A release that breaks the schema waits: until its notice period ends, or until every
holder whom it reaches has accepted; till then the old one is served (features F5, F6,
N14). What is announced here is told to holders and followers after the commit, by
`Announcer.step`, from the announcements by position.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from listings import products, releases, tables, visibility
from listings.changes import touch
from listings.marking import N_
from listings.releases import Release
from marketplace.community import holders, watches
from marketplace.community.notices import notify
from marketplace.community.tables import announcements, consents
from marketplace.members.users import User
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX

COMMENT_MAX = 2_000  # characters
BY_VENDORS = ("delay", "deprecation")
CALENDAR = "/changes"
POSITION = "announcements.position"
BATCH_MAX = 100
TELL_S = 1.0

_a, _c = announcements.c, consents.c


def finalise(db: Connection, release: int, by: User, notice_days: int) -> Release:
    """Finalise a release of the vendor and announce it; return it as it is now.

    One that breaks the schema is served at once if it reaches no holder.
    """
    releases.finalise(db, release, notice_days)
    found = releases.get(db, release)
    waits = found.live_us != found.finalised_us
    if waits and not holders.affected(db, found.product):
        releases.bring_forward(db, release)
        waits = False
    kind = "schema_change" if waits else "new_release"
    _announce(db, found, kind, by.id, "", found.live_us if waits else None)
    return releases.get(db, release)


def revoke(db: Connection, release: int, reason: str, by: User) -> None:
    """Revoke a release of the vendor's own with a reason that its holders are told."""
    found = _own(db, release, by)
    releases.revoke(db, release, reason)
    _announce(db, found, "revocation", by.id, reason.strip(), None)


def announce(
    db: Connection,
    product: int,
    kind: str,
    comment: str,
    effective_us: int | None,
    by: User,
) -> None:
    """Tell holders of a delay or of an end to come, with a comment."""
    if products.find(db, product).vendor != by.member:
        raise NotFound("product", encode("product", product))
    problems: dict[str, list[str]] = {}
    if kind not in BY_VENDORS:
        problems["kind"] = [N_("Choose one of the list.")]
    said = comment.strip()
    if not 0 < len(said) <= COMMENT_MAX or products.CONTROL.search(said):
        problems["comment"] = [N_("Say it in at most 2,000 characters.")]
    products.refuse(problems)
    _insert(db, product, None, kind, said, effective_us, by.id)


def accept(db: Connection, release: int, by: User) -> bool:
    """Accept a breaking release for the user's member; tell whether all have now.

    NotFound unless the release waits and reaches a right of the member.
    """
    found = releases.get(db, release)
    reached = holders.affected(db, found.product)
    waiting = {one.id for one in releases.waiting(db, [found.product])}
    if by.member not in reached or release not in waiting:
        raise NotFound("release", encode("release", release))
    accepted = accepted_by(db, release)
    if by.member not in accepted:
        db.execute(
            insert(consents).values(
                release=release,
                member=by.member,
                at_us=clock.now_us(),
                by_user=by.id,
            )
        )
    done = set(reached) <= {*accepted, by.member}
    if done:
        releases.bring_forward(db, release)
        _live(db, found, by.id)
    return done


def go_live(db: Connection) -> int:
    """Announce the releases whose notice period has ended; how many.

    Their products are touched, so that the market is told what later buyers get.
    """
    due = overdue(db)
    for found in due:
        _live(db, found, 0)
        touch(db, [found.product])
    return len(due)


def overdue(db: Connection) -> list[Release]:
    """Return the releases that waited, are served now, and were not announced."""
    r = tables.releases
    said = select(_a.release).where(_a.kind == "schema_live", _a.release == r.c.id)
    query = (
        select(r)
        .where(r.c.live_us > r.c.finalised_us, r.c.live_us <= clock.now_us())
        .where(
            r.c.id.in_(select(_a.release).where(_a.kind == "schema_change")),
            ~said.exists(),
        )
    )
    return [Release(*row) for row in db.execute(query)]


# ── reads ──


def accepted_by(db: Connection, release: int) -> set[int]:
    """Return the members that accepted a release."""
    query = select(_c.member).where(_c.release == release)
    return set(db.execute(query).scalars())


def of_products(
    db: Connection, wanted: list[int], limit: int = PAGE_MAX
) -> list[Row[Any]]:
    """Return what was announced about *wanted* with the titles, newest first."""
    p = tables.products.c
    query = (
        select(announcements, p.title_zh, p.title_en, tables.releases.c.label)
        .join(tables.products, p.id == _a.product)
        .outerjoin(tables.releases, tables.releases.c.id == _a.release)
        .where(_a.product.in_(wanted))
        .order_by(_a.id.desc())
        .limit(limit)
    )
    return list(db.execute(query))


# ── what follows ──


class Announcer:
    """Tells holders and followers what was announced; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine, directory: Path) -> None:
        """Remember in *directory* how far the announcements are told."""
        self._reads, self._writes = reads, writes
        self._file = directory / POSITION
        kept = self._file.read_text("ascii") if self._file.exists() else "0"
        self._position = int(kept)

    def step(self) -> int:
        """Announce what has gone live, tell what is new; how many announcements."""
        with self._reads.connect() as db:
            if not overdue(db) and not after(db, self._position, 1):
                return 0
        with self._writes.begin() as db:
            go_live(db)
            found = after(db, self._position, BATCH_MAX)
            for row in found:
                tell(db, row)
        if found:
            self._position = found[-1].id
            draft = self._file.with_suffix(".draft")
            draft.write_text(str(self._position), "ascii")
            draft.replace(self._file)
        return len(found)


def after(db: Connection, position: int, limit: int) -> list[Row[Any]]:
    """Return the announcements after *position*, ascending."""
    query = (
        select(announcements, tables.releases.c.label)
        .outerjoin(tables.releases, tables.releases.c.id == _a.release)
        .where(_a.id > position)
    )
    return list(db.execute(query.order_by(_a.id).limit(limit)))


def tell_standing(
    db: Connection, product: int, kind: str, reason: str, by_member: int
) -> None:
    """Tell whom it concerns that a product is suspended, back or taken off the market.

    The vendor too, unless it did so itself.
    """
    wanted = _concerned(db, product) | {products.find(db, product).vendor}
    cause = f"{kind} {product} {clock.now_us()}"
    notify(db, wanted - {by_member}, kind, cause, product, {"reason": reason.strip()})


def _concerned(db: Connection, product: int) -> set[int]:
    """Return the holders and the followers that may see a product."""
    follow = watches.followers(db, product)
    return {
        *holders.of_product(db, product),
        *(m for m in follow if visibility.may_see(db, product, m)),
    }


def tell(db: Connection, row: Row[Any]) -> None:
    """Tell holders and followers one announcement, once."""
    wanted = _concerned(db, row.product)
    facts: dict[str, Any] = {"label": row.label or "", "comment": row.comment}
    if row.kind == "schema_change":
        facts["href"] = CALENDAR
    notify(db, wanted, row.kind, f"announcement {row.id}", row.product, facts)


def _live(db: Connection, found: Release, by: int) -> None:
    said = select(_a.id).where(_a.release == found.id, _a.kind == "schema_live")
    if db.execute(said).first() is None:
        _announce(db, found, "schema_live", by, "", None)


def _announce(
    db: Connection,
    found: Release,
    kind: str,
    by: int,
    comment: str,
    effective_us: int | None,
) -> None:
    _insert(db, found.product, found.id, kind, comment, effective_us, by)


def _insert(
    db: Connection,
    product: int,
    release: int | None,
    kind: str,
    comment: str,
    effective_us: int | None,
    by: int,
) -> None:
    db.execute(
        insert(announcements).values(
            product=product,
            release=release,
            kind=kind,
            comment=comment,
            effective_us=effective_us,
            at_us=clock.now_us(),
            by_user=by,
        )
    )


def _own(db: Connection, release: int, by: User) -> Release:
    found = releases.get(db, release)
    if products.find(db, found.product).vendor != by.member:
        raise NotFound("release", encode("release", release))
    return found
