"""Saved searches: a query with its filters, and what is new to its member.

What was listed after the member last looked is counted; a follower tells of it by a
notice, once for each newest listing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from listings import catalogue
from listings.marking import N_
from listings.search.entry import Facet
from listings.search.index import Index
from listings.search.query import LENGTH_MAX, VALUES_MAX, Query, Sort, check, parse
from marketplace.community import notices
from marketplace.community.tables import saved_searches
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode

NAME_MAX = 80  # characters
ADDRESS_MAX = 2_000
SAVED_MAX = 50  # searches of one member
STEP_S = 20.0
STEP_MAX = 500  # searches looked at between two looks at the database


@dataclass(eq=False)
class TooManySearches(Refusal):
    """The member has saved as many searches as it may; remove one first."""

    maximum: int


class Saved(NamedTuple):
    """A saved search; *address* is the query of the page that shows it."""

    id: int
    member: int
    name: str
    address: str
    at_us: int
    seen_us: int
    told_us: int


class Fresh(NamedTuple):
    """A saved search and how many listings are new to its member."""

    saved: Saved
    number: int


def address_of(text: str, filters: Sequence[tuple[str, str]]) -> str:
    """Return the canonical address of a search: words first, then filters by name."""
    known = {facet.value for facet in Facet}
    chosen = sorted({pair for pair in filters if pair[0] in known})
    return urlencode([*([("q", text.strip())] if text.strip() else []), *chosen])


def canonical(address: str) -> str:
    """Return an *address* as `address_of` writes it."""
    given = parse_qsl(address)
    words = next((value for name, value in given if name == "q"), "")
    return address_of(words, given)


def query_of(address: str) -> Query:
    """Return the question that an *address* asks."""
    given = parse_qs(address)
    filters = {
        facet: frozenset(given[facet.value][:VALUES_MAX])
        for facet in Facet
        if facet.value in given
    }
    return Query(given.get("q", [""])[0][:LENGTH_MAX], filters)


def save(db: Connection, member: int, name: str, address: str) -> int:
    """Save a search of *member*, once; return its number.

    Invalid without a name or with nothing to search; TooManySearches above SAVED_MAX.
    """
    query = query_of(address)
    if not (query.text or query.filters) or len(address) > ADDRESS_MAX:
        raise Invalid({"address": [N_("Search for something, or choose a filter.")]})
    check(query)
    parse(query.text)
    name = name.strip()[:NAME_MAX] or query.text[:NAME_MAX]
    if not name or not name.isprintable():
        raise Invalid({"name": [N_("Give the search a name.")]})
    there = select(saved_searches.c.id).where(
        saved_searches.c.member == member, saved_searches.c.address == address
    )
    if (known := db.scalar(there)) is not None:
        return int(known)
    mine = select(func.count()).where(saved_searches.c.member == member)
    if (db.scalar(mine) or 0) >= SAVED_MAX:
        raise TooManySearches(SAVED_MAX)
    now_us = clock.now_us()
    values = {"member": member, "name": name, "address": address, "at_us": now_us}
    made = insert(saved_searches).values(**values, seen_us=now_us, told_us=now_us)
    return int(db.execute(made.returning(saved_searches.c.id)).scalar_one())


def of_member(db: Connection, member: int) -> list[Saved]:
    """Return the saved searches of a member, newest first."""
    query = select(saved_searches).where(saved_searches.c.member == member)
    rows = db.execute(query.order_by(saved_searches.c.id.desc()))
    return [Saved(*row) for row in rows]


def look(db: Connection, member: int, number: int) -> Saved:
    """Return a search of *member* as it was, and remember that it was looked at."""
    mine = (saved_searches.c.id == number, saved_searches.c.member == member)
    row = db.execute(select(saved_searches).where(*mine)).first()
    if row is None:
        raise NotFound("search", encode("search", number))
    db.execute(update(saved_searches).where(*mine).values(seen_us=clock.now_us()))
    return Saved(*row)


def remove(db: Connection, member: int, number: int) -> None:
    """Forget a search of *member*; NotFound if it is not theirs."""
    mine = (saved_searches.c.id == number, saved_searches.c.member == member)
    if not db.execute(delete(saved_searches).where(*mine)).rowcount:
        raise NotFound("search", encode("search", number))


def fresh(index: Index, saved: Sequence[Saved]) -> list[Fresh]:
    """Return each of *saved* with how many listings its member has not seen."""
    return [Fresh(each, _new(index, each, each.seen_us)[0]) for each in saved]


def _new(index: Index, saved: Saved, since_us: int) -> tuple[int, int]:
    """Return how many listings *saved* finds that came later, and the newest."""
    query = query_of(saved.address)._replace(
        since_us=since_us, sort=Sort.NEWEST, page_size=1
    )
    results = index.search(query)
    if not results.total or results.is_partial:
        return 0, 0
    return results.total, results.hits[0].id


class Alerts:
    """Tells members what is new to their searches; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine, index: Index) -> None:
        """Look at the searches again whenever *index* has changed."""
        self._reads = reads
        self._writes = writes
        self._index = index
        self._seen = -1

    def step(self) -> int:
        """Tell of each search that has something new; return how many."""
        generation = self._index.generation
        if generation == self._seen:
            return 0
        told, last = 0, 0
        while batch := self._after(last):
            told += sum(self._tell(saved) for saved in batch)
            last = batch[-1].id
        self._seen = generation
        return told

    def _after(self, last: int) -> list[Saved]:
        query = select(saved_searches).where(saved_searches.c.id > last)
        with self._reads.connect() as db:
            rows = db.execute(query.order_by(saved_searches.c.id).limit(STEP_MAX))
            return [Saved(*row) for row in rows]

    def _tell(self, saved: Saved) -> bool:
        number, newest = _new(self._index, saved, saved.told_us)
        if not number:
            return False
        with self._writes.begin() as db:
            known = catalogue.summaries(db, [newest]).get(newest)
            if known is None or known.admitted_us is None:  # gone since
                return False
            facts = {
                "name": saved.name,
                "number": number,
                "href": f"/searches/{encode('search', saved.id)}",
            }
            cause = f"search {saved.id} {known.admitted_us}"
            notices.notify(db, [saved.member], "saved_search", cause, facts=facts)
            mine = update(saved_searches).where(saved_searches.c.id == saved.id)
            db.execute(mine.values(told_us=known.admitted_us))
        return True
