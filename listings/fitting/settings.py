"""What a vendor lets buyers compare before they pay: a table, its keys, measures."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from listings.fitting.tables import comparable
from listings.marking import N_
from settlement import clock
from settlement.errors import Invalid

KEYS_MAX = 4  # columns that name a row together
MEASURES_MAX = 20


class Comparable(NamedTuple):
    """What of a product may be compared."""

    table: str
    keys: tuple[str, ...]
    measures: tuple[str, ...] = ()


def put(db: Connection, product: int, by: int, wanted: Comparable | None) -> None:
    """Let a product be compared from now on, or no more; Invalid names what is wrong.

    Whether the columns are there is asked of the release when somebody compares.
    """
    if wanted is not None:
        keys, measures = set(wanted.keys), set(wanted.measures)
        problems = {}
        if not 0 < len(wanted.keys) <= KEYS_MAX or len(keys) < len(wanted.keys):
            problems["keys"] = [N_("Choose one to four columns that name a row.")]
        if len(wanted.measures) > MEASURES_MAX or keys & measures:
            problems["measures"] = [N_("At most 20 columns, none of them a key.")]
        if not wanted.table:
            problems["table"] = [N_("Choose one of the list.")]
        if problems:
            raise Invalid(problems)
    db.execute(delete(comparable).where(comparable.c.product == product))
    if wanted is not None:
        db.execute(
            insert(comparable).values(
                product=product,
                named=wanted.table,
                key_columns=json.dumps(wanted.keys, ensure_ascii=False),
                measure_columns=json.dumps(wanted.measures, ensure_ascii=False),
                at_us=clock.now_us(),
                by_user=by,
            )
        )


def of_product(db: Connection, product: int) -> Comparable | None:
    """Return what of a product may be compared; None if nothing."""
    c = comparable.c
    query = select(comparable).where(c.product == product)
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    return Comparable(
        row.named,
        tuple(json.loads(row.key_columns)),
        tuple(json.loads(row.measure_columns)),
    )
