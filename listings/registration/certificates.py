"""Registration certificates: what one says, and whether it is in force.

The fields are those of the registration certificates of Shenzhen and Shanghai [R, P];
see the help page. The content is frozen when it is issued; the status never is: it is
asked of the records each time.
"""

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from listings import products, tables
from listings.registration import attachments, marks
from listings.registration.tables import certificates
from listings.steps import registration_of
from listings.terms import canonical
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode

FORMAT = "databourse-registration/1"
VALID, PLEDGED, DISPUTED, LAPSED = "valid", "pledged", "disputed", "lapsed"


class Certificate(NamedTuple):
    """A certificate as it was issued."""

    registration: int
    content: str  # canonical JSON
    sha256: str
    signature: str
    issued_us: int


def registration(db: Connection, number: int) -> Row[Any]:
    """Return a registration by its number; NotFound if there is none."""
    r = tables.registrations
    row = db.execute(select(r).where(r.c.number == number)).first()
    if row is None:
        raise NotFound("registration", encode("registration", number))
    return row


def content(db: Connection, number: int, subject: dict[str, Any]) -> str:
    """Return what a certificate says, as canonical JSON; *subject* is the member."""
    row = registration(db, number)
    facts = products.loads(row.facts)
    evidence = [
        {"kind": one.kind, "name": one.name, "sha256": one.sha256}
        for one in attachments.of_product(db, row.product)
        if one.added_us <= row.registered_us
    ]
    return canonical(
        {
            "format": FORMAT,
            "number": encode("registration", number),
            "registered_us": row.registered_us,
            "expires_us": row.expires_us,
            "subject": subject,
            "object": {"code": encode("product", row.product), "version": row.version}
            | {name: facts.get(name) for name in _OBJECT},
            "fields": facts["dictionary"],
            "sample_sha256": _hash(products.dump(facts["sample"])),
            "rights": facts["rights"],
            "evidence": evidence,
        }
    )


_OBJECT = (
    *("kind", "title_zh", "title_en", "summary_zh", "summary_en", "sector", "region"),
    *(
        "industry",
        "updates",
        "coverage_from",
        "coverage_until",
        "row_count",
        "size_bytes",
        "granularity",
    ),
    *(
        "source_route",
        "source_statement",
        "sensitivity",
        "personal",
        "purpose",
        "scene",
    ),
)


def issued(db: Connection, number: int) -> Certificate | None:
    """Return the certificate of a registration, if it was issued."""
    query = select(certificates).where(certificates.c.registration == number)
    row = db.execute(query).first()
    return None if row is None else Certificate(*row)


def issue(db: Connection, number: int, said: str, signature: str) -> Certificate:
    """Write a certificate down, once; return it."""
    known = issued(db, number)
    if known is not None:  # somebody was faster
        return known
    made = Certificate(number, said, _hash(said), signature, clock.now_us())
    db.execute(insert(certificates).values(made._asdict()))
    return made


def status(db: Connection, number: int) -> str:
    """Return valid, pledged, disputed or lapsed: of today, from the records.

    A registration that a newer one followed has lapsed.
    """
    row = registration(db, number)
    newest = registration_of(db, row.product)
    product = products.find(db, row.product)
    ended = row.expires_us <= clock.now_us() or product.state == "lapsed"
    if ended or newest is None or newest.number != number:
        return LAPSED
    standing = marks.of_product(db, row.product)
    if DISPUTED in standing:
        return DISPUTED
    return PLEDGED if PLEDGED in standing else VALID


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
