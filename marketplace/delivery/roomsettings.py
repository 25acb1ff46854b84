"""A clean room's settings: what a vendor lets it show, and when no more may change.

All rights to the rooms of a product show the same groups: the difference of two ways
to group the same rows can be smaller than the groups of either.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, union

from listings import instruments, releases
from listings import tables as listed
from listings.cleanroom import settings
from listings.cleanroom.groupings import Grouped, NotGrouped
from listings.cleanroom.settings import Settings
from listings.instruments import Instrument
from marketplace.admission import tell_market
from marketplace.delivery import shares
from marketplace.delivery.cleanroom import Named, group
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading.agreement_tables import agreements
from marketplace.trading.pool_tables import pools
from marketplace.trading.tables import contests, offers
from settlement import ids
from settlement.errors import Invalid, NotFound, Refusal
from settlement.tables import contracts, entitlements, trades
from settlement.tables import terms as frozen

# New settings of a member: each is tried on the data, for up to a minute.
RATES = "30 per hour; 100 per day"
# What holds terms that are or will be a right's, and in which states; (): in any.
PINNING: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (entitlements, ()),
    (offers, ("open",)),
    (agreements, ("signing",)),
    (pools, ("open",)),
    (contests, ("open", "awarded")),
)


@dataclass(eq=False)
class RoomSold(Refusal):
    """Rights to this clean room were sold: what it shows changes no more."""

    product: str


def newest(db: Connection, product: int) -> list[Named]:
    """Return the tables of a product's newest final release: what a room can show."""
    final = [r for r in releases.of_product(db, product) if r.finalised_us is not None]
    if not final:
        return []
    return shares.tables_in(db, max(final, key=lambda one: one.id))


def settle(
    parts: Services, user: User, instrument: int, wanted: Settings | None
) -> list[Grouped]:
    """Let an instrument of the user's sell a room from now on; the groups it shows.

    The market is told at once. Without *wanted* it sells files again. Invalid names
    what is wrong; NotGrouped if the newest release does not suit; RoomSold once the
    room was sold, or is on offer to somebody as it was.
    """
    with parts.reads.connect() as db:
        unit = instruments.get(db, instrument)
        if unit.vendor != user.member:
            raise NotFound("instrument", ids.encode("instrument", instrument))
        _check_unsold(db, unit.product, wanted)
        tables = newest(db, unit.product)
    made = tried(parts, tables, wanted) if wanted is not None else []
    with parts.writes.begin() as db:
        _check_unsold(db, unit.product, wanted)
        former = of_product_settings(db, unit.product)
        settings.put(db, instrument, wanted)
    tell_market(parts, unit.product, user.id)
    _confirm(parts, user, unit, wanted, former)
    return made


def _confirm(
    parts: Services,
    user: User,
    unit: Instrument,
    wanted: Settings | None,
    former: dict[int, dict[str, Any]],
) -> None:
    """Take new settings back if the former ones were sold before the market knew."""
    try:
        with parts.reads.connect() as db:
            _check_unsold(db, unit.product, wanted)
    except RoomSold:
        with parts.writes.begin() as db:
            settings.put(db, unit.id, None)
            for number, room_ in former.items():
                settings.put(db, number, settings.load(room_))
        tell_market(parts, unit.product, user.id)
        raise


def tried(parts: Services, tables: list[Named], wanted: Settings) -> list[Grouped]:
    """Return the groups of *tables* under new settings; or why there can be none."""
    if problems := settings.wrong(wanted):
        raise Invalid(problems)
    names = {name.lower() for name, _ in tables}
    for shown in wanted.tables:
        if shown.table.lower() not in names:
            raise NotGrouped(shown.table, "no_table")
    made = [group(parts, table, wanted) for table in tables]
    return [each for each in made if each is not None]


def _check_unsold(db: Connection, product: int, wanted: Settings | None) -> None:
    """Refuse other settings once a room of the product was sold, or may be as it is.

    What is open between two members (an offer, a contract to sign, a group buy, an
    auction) sells the terms of its own day, whatever the settings are then.
    """
    said = None if wanted is None else settings.dump(wanted)
    i = listed.instruments.c
    ours = select(i.id).where(i.product == product)
    agreed = select(contracts.c.terms).join(trades, trades.c.id == contracts.c.trade)
    pinned = [agreed.where(trades.c.instrument.in_(ours))]
    for each, states in PINNING:
        query = select(each.c.terms).where(each.c.instrument.in_(ours))
        pinned.append(query.where(each.c.state.in_(states)) if states else query)
    bodies = select(frozen.c.body).where(frozen.c.id.in_(union(*pinned)))
    for body in db.scalars(bodies):
        room_ = json.loads(body).get("cleanroom")
        if room_ is not None and room_ != said:
            raise RoomSold(ids.encode("product", product))


def of_product_settings(db: Connection, product: int) -> dict[int, dict[str, Any]]:
    """Return the settings of the rooms of a product by instrument."""
    i = listed.instruments.c
    numbers = db.execute(select(i.id).where(i.product == product)).scalars()
    return settings.of_instruments(db, numbers)
