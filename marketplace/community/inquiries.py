"""Requests for quotes (询价): which vendors a demand is put to, and that they know.

Whom it is put to sees it alone: vendors chosen by the buyer, or all that sell in a
sector. Source: features §5.4 (chosen or all eligible responders), issue 4 (6).
"""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection, insert, select

from listings import tables as listed
from listings.marking import N_
from marketplace.community.notices import notify
from marketplace.community.tables import demand_vendors
from marketplace.members.tables import members
from settlement.ids import encode

PUBLIC, SECTOR, CHOSEN = AUDIENCES = ("public", "sector", "chosen")
CHOSEN_MAX = 20  # vendors that a buyer names
ASKED_MAX = 500  # vendors of a sector


class Asking(Protocol):
    """What of a demand says whom it is put to; see `demands.Wanted`."""

    @property
    def audience(self) -> str:
        """One of AUDIENCES."""

    @property
    def sector(self) -> str:
        """Whose vendors are asked."""

    @property
    def instrument(self) -> int | None:
        """Whose vendor is asked in any case."""

    @property
    def vendors(self) -> tuple[int, ...]:
        """Who is chosen."""


def asked(
    db: Connection, member: int, wanted: Asking
) -> tuple[set[int], Mapping[str, list[str]]]:
    """Return who is asked, and what is wrong with the choice, field by field."""
    owner = _vendor_of(db, wanted.instrument)
    if wanted.instrument is not None and owner in (None, member):
        return set(), {"instrument": [N_("This is not on the market, or your own.")]}
    named = set(wanted.vendors) | ({owner} if owner else set())
    if wanted.audience == SECTOR:
        found = _selling_in(db, wanted.sector) - {member}
        problem = {} if found else {"sector": [N_("No vendor sells in this sector.")]}
        return found, problem
    found = _vendors(db, named) - {member}
    if wanted.audience == CHOSEN:
        if not 0 < len(named) <= CHOSEN_MAX:
            return found, {"vendors": [N_("Name one to twenty vendors.")]}
        if found != named:
            return found, {"vendors": [N_("Name other members that sell.")]}
    elif wanted.audience != PUBLIC:
        return found, {"audience": [N_("Choose one of the list.")]}
    return found, {}


def _vendor_of(db: Connection, instrument: int | None) -> int | None:
    """Return who sells a listed instrument; None if it is none."""
    if instrument is None:
        return None
    i, p = listed.instruments.c, listed.products.c
    query = select(p.vendor).join(listed.instruments, i.product == p.id)
    found: int | None = db.scalar(query.where(i.id == instrument, i.state == "listed"))
    return found


def _vendors(db: Connection, named: set[int]) -> set[int]:
    """Return the verified vendors among *named*."""
    m = members.c
    query = select(m.id).where(m.id.in_(named), m.state == "verified", m.vendor == 1)
    return set(db.execute(query).scalars())


def _selling_in(db: Connection, sector: str) -> set[int]:
    """Return who has something listed in a sector."""
    p, state = listed.products.c, listed.listings.c.state
    query = (
        select(p.vendor)
        .join(listed.listings, listed.listings.c.product == p.id)
        .where(p.sector == sector, state == "listed")
        .distinct()
    )
    return set(db.execute(query.order_by(p.vendor).limit(ASKED_MAX)).scalars())


def tell(
    db: Connection, demand: int, asker: tuple[str, str], title: str, vendors: set[int]
) -> None:
    """Put a demand to *vendors* and tell them, with the names of who asks."""
    if not vendors:
        return
    rows = [{"demand": demand, "vendor": vendor} for vendor in sorted(vendors)]
    db.execute(insert(demand_vendors), rows)
    public = encode("demand", demand)
    facts = {
        "member": asker,
        "text": title,
        "href": f"/demands/{public}",
    }
    notify(db, vendors, "quote_asked", f"demand {demand} asked", None, facts)


def vendors_of(db: Connection, demand: int) -> set[int]:
    """Return to whom a demand was put."""
    query = select(demand_vendors.c.vendor).where(demand_vendors.c.demand == demand)
    return set(db.execute(query).scalars())
