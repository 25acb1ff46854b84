"""Files that a vendor names by address: asked for, fetched in the background, kept.

Who fetches takes a row, says every second how far it is, and ends it; a row whose
fetcher is silent is taken by another. What is fetched becomes a file of the release
like an uploaded one, with the address that it came from on record.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, update

from listings import releases, tables
from listings.files import Stored
from listings.marking import N_
from listings.quality import reports
from listings.releases import FETCHED_LATER
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import in_turn, next_numbers

URL_MAX = 2_000  # characters
WAITING_MAX = 50  # of one vendor
PER_VENDOR = 2  # at once, so that nobody's slow server keeps the others waiting
LEASE_US = 60 * clock.SECOND_US  # without a sign of life; then another takes it
LOOKED_AT = 200  # of what waits, for one that may be taken

_f = tables.fetches.c


class Fetch(NamedTuple):
    """A file that is to come from an address."""

    id: int
    release: int
    name: str
    url: str
    state: str  # queued, fetching, done, failed or cancelled
    why: str  # code of a failure
    status: int | None
    received: int  # bytes
    size: int | None  # bytes, as announced
    came_from: str
    file: int | None
    asked_us: int
    asked_by: int
    beat_us: int | None
    done_us: int | None

    @property
    def waits(self) -> bool:
        """Whether it is still to come."""
        return self.state in FETCHED_LATER


@dataclass(eq=False)
class NotCancellable(Refusal):
    """This file is there already, or will not come anyway."""

    state: str


def named(url: str) -> str:
    """Return the name that the end of an address gives a file; empty if it has none."""
    try:
        return unquote(urlsplit(url).path).rpartition("/")[2][: releases.NAME_MAX]
    except ValueError:
        return ""


def ask(db: Connection, release: int, url: str, name: str, by: int) -> int:
    """Ask for the file at *url* for an open release; return the number of the fetch.

    Without a *name* the address gives it. Invalid for a name that is in use or none,
    or too many that wait; Finalised once the release is.
    """
    name = name or named(url)
    if not name:
        raise Invalid({"addresses": [N_("Give the file a name before its address.")]})
    found = releases.admit_name(db, release, name)
    coming = db.scalars(
        select(_f.name).where(_f.release == release, _f.state.in_(FETCHED_LATER))
    ).all()
    if name in coming:
        raise Invalid({"addresses": [N_("This release has a file with this name.")]})
    if _waiting(db, found.product) >= WAITING_MAX:
        raise Invalid({"addresses": [N_("At most 50 files are fetched at a time.")]})
    (number,) = next_numbers(db, _f.id)
    db.execute(
        insert(tables.fetches).values(
            id=number,
            release=release,
            name=name,
            url=url,
            state="queued",
            why="",
            received=0,
            came_from="",
            asked_us=clock.now_us(),
            asked_by=by,
        )
    )
    return number


def retry(db: Connection, fetch: int, by: int) -> int:
    """Ask again for what failed or was cancelled; return the number of the new fetch.

    NotCancellable if it is still to come, or there.
    """
    in_turn(db)
    found = get(db, fetch)
    if found.waits or found.state == "done":
        raise NotCancellable(found.state)
    db.execute(tables.fetches.delete().where(_f.id == fetch))
    return ask(db, found.release, found.url, found.name, by)


def claim(db: Connection) -> Fetch | None:
    """Take what has waited longest, or what its fetcher left; None: nothing waits."""
    now_us = clock.now_us()
    free = or_(
        _f.state == "queued",
        and_(_f.state == "fetching", _f.beat_us < now_us - LEASE_US),
    )
    busy = Counter(db.scalars(_vendors().where(_f.state == "fetching", ~free)).all())
    query = _vendors().add_columns(_f.id).where(free).order_by(_f.id).limit(LOOKED_AT)
    for vendor, number in db.execute(query).all():
        if busy[vendor] >= PER_VENDOR:
            continue
        mine = update(tables.fetches).where(_f.id == number, free)
        taken = mine.values(state="fetching", beat_us=now_us, received=0)
        if db.execute(taken).rowcount:
            return get(db, number)
    return None


def note(
    db: Connection, fetch: int, received: int, size: int | None, status: int
) -> bool:
    """Say how far a fetch is; False if it is cancelled, and the fetcher must stop."""
    values = {"received": received, "size": size, "status": status}
    return _change(db, fetch, beat_us=clock.now_us(), **values)


def keep(db: Connection, fetch: int, stored: Stored, came_from: str) -> int | None:
    """Make what was fetched a file, and ask for its examination; return its number.

    None if it was cancelled meanwhile; Invalid or Finalised as `releases.add_file` is.
    """
    in_turn(db)
    found = get(db, fetch)
    if found.state != "fetching":
        return None
    file = releases.add_file(db, found.release, found.name, stored)
    reports.ask(db, file)
    done = {"file": file, "received": stored.size, "size": stored.size}
    _end(db, fetch, "done", came_from=came_from, **done)
    return file


def fail(db: Connection, fetch: int, why: str) -> None:
    """End a fetch for a reason."""
    _end(db, fetch, "failed", why=why)


def put_back(db: Connection, fetch: int) -> None:
    """Leave a fetch to others, for this process ends."""
    _change(db, fetch, state="queued", beat_us=None)


def cancel(db: Connection, fetch: int) -> None:
    """Fetch a file no more; NotCancellable if it is there, or will not come anyway."""
    found = get(db, fetch)
    waits = update(tables.fetches).where(_f.id == fetch, _f.state.in_(FETCHED_LATER))
    ended = waits.values(state="cancelled", done_us=clock.now_us())
    if not db.execute(ended).rowcount:
        raise NotCancellable(found.state)


def get(db: Connection, number: int) -> Fetch:
    """Return a fetch; NotFound if there is none."""
    row = db.execute(select(tables.fetches).where(_f.id == number)).first()
    if row is None:
        raise NotFound("fetch", encode("fetch", number))
    return Fetch(*row)


def of_release(db: Connection, release: int) -> list[Fetch]:
    """Return what was asked for a release, in that order."""
    query = select(tables.fetches).where(_f.release == release).order_by(_f.id)
    return [Fetch(*row) for row in db.execute(query)]


def lost(db: Connection, release: int) -> str | None:
    """Return the name of the first file of a release that could not be fetched."""
    query = select(_f.name).where(_f.release == release, _f.state == "failed")
    name: str | None = db.scalar(query.order_by(_f.id).limit(1))
    return name


def origin(db: Connection, file: int) -> Fetch | None:
    """Return where a file was fetched from; None if it was uploaded."""
    row = db.execute(select(tables.fetches).where(_f.file == file)).first()
    return None if row is None else Fetch(*row)


def origins(found: Sequence[Fetch]) -> dict[int, Fetch]:
    """Return those that became files, by file."""
    return {one.file: one for one in found if one.file is not None}


def _waiting(db: Connection, product: int) -> int:
    """Return how many files of the product's vendor are still to come."""
    p = tables.products.c
    vendor = select(p.vendor).where(p.id == product).scalar_subquery()
    query = _vendors().where(_f.state.in_(FETCHED_LATER), p.vendor == vendor)
    return int(db.scalar(select(func.count()).select_from(query.subquery())) or 0)


def _vendors() -> Select[tuple[int]]:
    r, p = tables.releases.c, tables.products.c
    joined = tables.fetches.join(tables.releases, r.id == _f.release)
    return select(p.vendor).select_from(joined.join(tables.products, p.id == r.product))


def _change(db: Connection, fetch: int, **values: object) -> bool:
    fetching = update(tables.fetches).where(_f.id == fetch, _f.state == "fetching")
    return bool(db.execute(fetching.values(**values)).rowcount)


def _end(db: Connection, fetch: int, state: str, **values: object) -> None:
    _change(db, fetch, state=state, done_us=clock.now_us(), **values)
