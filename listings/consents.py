"""Consents to purposes that a licence leaves to its vendor's word ("on request").

A consent is an approved request for that purpose; it holds for the asker, in every
instrument of the product whose licence has the purpose on request, until it ends.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, or_, select, update

from listings.changes import touch
from listings.instruments import Instrument
from listings.tables import access_requests
from settlement import clock

Consent = tuple[int, str]  # a member and a purpose

_q = access_requests.c


def of_product(db: Connection, product: int) -> list[Consent]:
    """Return the consents of a product that are in force, ascending."""
    query = select(_q.member, _q.wanted).where(_q.product == product, *_in_force())
    return sorted({(row.member, row.wanted) for row in db.execute(query)})


def of_member(db: Connection, product: int, member: int) -> tuple[str, ...]:
    """Return the purposes that a member has the vendor's consent to."""
    return tuple(code for who, code in of_product(db, product) if who == member)


def of_unit(unit: Instrument, given: Iterable[Consent]) -> tuple[Consent, ...]:
    """Return those of a product's consents that concern one of its instruments."""
    asked = on_request(unit)
    return tuple((member, code) for member, code in given if code in asked)


def on_request(unit: Instrument) -> tuple[str, ...]:
    """Return the purposes for which the vendor of an instrument is to be asked."""
    said = unit.licence.terms
    return said.on_request if said else ()


def is_over(db: Connection) -> bool:
    """Tell whether the time of a consent is over."""
    return db.execute(select(_q.id).where(*_over()).limit(1)).first() is not None


def lapse(db: Connection) -> list[int]:
    """End the consents whose time is over, so that the market hears; their numbers."""
    found = list(db.execute(select(_q.id, _q.product).where(*_over())))
    db.execute(update(access_requests).where(*_over()).values(state="ended"))
    touch(db, {row.product for row in found})
    return [row.id for row in found]


def _in_force() -> tuple[ColumnElement[bool], ...]:
    later = or_(_q.until_us.is_(None), _q.until_us > clock.now_us())
    return _q.state == "approved", _q.wanted != "", later


def _over() -> tuple[ColumnElement[bool], ...]:
    past = _q.until_us <= clock.now_us()
    return _q.state == "approved", _q.wanted != "", past
