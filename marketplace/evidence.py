"""Evidence: who may read the attachments of a product, and bringing them."""

from typing import Any

from sqlalchemy import Connection

from listings import admission, catalogue, products
from listings.files import Readable
from listings.marking import N_
from listings.registration import attachments, opinions
from listings.registration.attachments import FILE_MAX, Attachment, Whose
from listings.registration.opinions import Given
from marketplace.members import organisations
from marketplace.members.users import User
from marketplace.services import Services
from settlement.errors import Invalid, NotFound
from settlement.ids import encode


def attach(
    parts: Services, product: int, kind: str, file: tuple[str, Readable], by: User
) -> int:
    """Store a vendor's file and attach it to its product; return its number."""
    name, stream = file
    with parts.reads.connect() as db:
        catalogue.product(db, product, by.member)  # NotFound before anything is stored
        attachments.open_for_evidence(db, product)
    stored = parts.files.put(stream, FILE_MAX)
    with parts.writes.begin() as db:
        return attachments.add(db, product, kind, name, stored, Whose(by.id, by.member))


def take_back(parts: Services, attachment: int, by: User) -> int:
    """Take the vendor's own attachment back; return its product."""
    with parts.writes.begin() as db:
        found = attachments.get(db, attachment)
        if products.find(db, found.product).vendor != by.member:
            raise NotFound("attachment", encode("attachment", attachment))
        attachments.remove(db, attachment)
    return found.product


def invite(parts: Services, product: int, kind: str, assessor: int, by: User) -> int:
    """Invite a member that gives such opinions; Invalid if it does not."""
    with parts.writes.begin() as db:
        able = {row.id for row in organisations.assessors(db, kind)}
        if assessor not in able:
            raise Invalid(
                {"assessor": [N_("This member does not give opinions of that kind.")]}
            )
        return opinions.invite(db, product, kind, assessor, by)


def give(
    parts: Services,
    product: int,
    kind: str,
    given: Given,
    file: tuple[str, Readable],
    by: User,
) -> int:
    """Store an assessor's file and write its opinion down; return its number."""
    with parts.reads.connect() as db:
        if not opinions.engaged(db, product, by.member, kind):
            raise NotFound("product", encode("product", product))
        able = {row.id for row in organisations.assessors(db, kind)}
    if by.member not in able:
        raise NotFound("product", encode("product", product))
    name, stream = file
    stored = parts.files.put(stream, FILE_MAX)
    with parts.writes.begin() as db:
        return opinions.give(db, product, kind, given, (name, stored), by)


def readable(db: Connection, number: int, user: User) -> Attachment:
    """Return an attachment that *user* may read; NotFound as if there were none.

    The vendor, the staff and invited assessors; an opinion on a product in public is
    for every signed-in user.
    """
    found = attachments.get(db, number)
    vendor = products.find(db, found.product).vendor
    if user.is_staff or user.member in {vendor, found.member}:
        return found
    if opinions.engaged(db, found.product, user.member):
        return found
    listing = admission.listing_of(db, found.product)
    shown = listing is not None and listing.state in catalogue.PUBLIC
    if shown and found.kind in opinions.KINDS and user.is_authenticated:
        return found
    raise NotFound("attachment", encode("attachment", number))


def case(db: Connection, product: int) -> dict[str, Any]:
    """Return the evidence of a product as pages show it."""
    said = opinions.of_product(db, product)
    invited = opinions.engagements_of(db, product)
    members = {one.assessor for one in said} | {row.assessor for row in invited}
    return {
        "attachments": attachments.of_product(db, product),
        "opinions": said,
        "engagements": invited,
        "assessors": organisations.names(db, members),
    }
