"""Attachments: the evidence of a product, kept by content and hash.

Eight kinds of file as in the specification sheet (可交易数据产品说明书): 01–04 prove
the source, 05, 06 and 08 are the opinions of assessors, 07 is the vendor's legal
commitment. The consent of the persons concerned (个人信息保护法 art. 23) comes
beside them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from listings import products
from listings.files import Stored, media_type
from listings.marking import N_
from listings.registration import tables
from listings.registration.declaration import ROUTES
from listings.releases import NAME, NAME_MAX
from listings.stages import ProductState
from listings.vocabulary import Name
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.store import next_numbers

FILE_MAX = 50 * 1024 * 1024  # bytes of one attachment
OF_PRODUCT_MAX = 200
KINDS = {
    "production": Name("01 数据生产", "01 Own production"),
    "public_collection": Name("02 公开数据获取", "02 Collection of public data"),
    "authorised_operation": Name("03 授权运营", "03 Authorised operation"),
    "purchase": Name("04 数据产品交易", "04 Purchase"),
    "compliance": Name("05 合规评估文件", "05 Compliance assessment"),
    "quality": Name("06 质量评估证书", "06 Quality certificate"),
    "commitment": Name("07 法律承诺书", "07 Legal commitment"),
    "valuation": Name("08 资产评估文件", "08 Valuation of the asset"),
    "consent": Name("个人信息授权证明", "Evidence of consent"),
}
OF_VENDOR = (*ROUTES, "commitment", "consent")  # what the vendor itself brings
OPEN = (ProductState.DRAFT, ProductState.RETURNED, ProductState.REGISTERED)


class Attachment(NamedTuple):
    """A file that proves something of a product."""

    id: int
    product: int
    kind: str
    name: str
    size: int  # bytes
    sha256: str
    media_type: str
    storage_key: str
    added_us: int
    added_by: int
    member: int
    removed_us: int | None


def add(
    db: Connection, product: int, kind: str, name: str, stored: Stored, by: "Whose"
) -> int:
    """Add the vendor's evidence; return its number.

    Invalid for a kind that is an assessor's; NotEditable while it is being reviewed.
    """
    if kind not in OF_VENDOR:
        raise Invalid({"kind": [N_("Choose one of the list.")]})
    open_for_evidence(db, product)
    return keep(db, product, kind, name, stored, by)


class Whose(NamedTuple):
    """The user who brings a file, and its member."""

    user: int
    member: int


def keep(
    db: Connection, product: int, kind: str, name: str, stored: Stored, by: Whose
) -> int:
    """Write an attachment down, whoever brings it; Invalid for its name or size."""
    if len(name) > NAME_MAX or not NAME.fullmatch(name):
        raise Invalid({"file": [N_("Use letters, digits and . - _ in a file name.")]})
    if not stored.size:
        raise Invalid({"file": [N_("This file is empty.")]})
    if len(of_product(db, product)) >= OF_PRODUCT_MAX:
        raise Invalid({"file": [N_("A product has at most 200 attachments.")]})
    (number,) = next_numbers(db, tables.attachments.c.id)
    db.execute(
        insert(tables.attachments).values(
            id=number,
            product=product,
            kind=kind,
            name=name,
            size=stored.size,
            sha256=stored.sha256,
            media_type=media_type(name),
            storage_key=stored.key,
            added_us=clock.now_us(),
            added_by=by.user,
            member=by.member,
        )
    )
    return number


def remove(db: Connection, attachment: int) -> None:
    """Take the vendor's evidence back, before a review only; its record stays."""
    found = get(db, attachment)
    row = products.find(db, found.product)
    if row.state not in products.EDITABLE or found.kind not in OF_VENDOR:
        raise products.NotEditable(row.state)
    a = tables.attachments
    db.execute(update(a).where(a.c.id == attachment).values(removed_us=clock.now_us()))


def get(db: Connection, number: int) -> Attachment:
    """Return an attachment; NotFound if there is none or it was taken back."""
    a = tables.attachments
    row = db.execute(
        select(a).where(a.c.id == number, a.c.removed_us.is_(None))
    ).first()
    if row is None:
        raise NotFound("attachment", encode("attachment", number))
    return Attachment(*row)


def of_product(db: Connection, product: int) -> Sequence[Attachment]:
    """Return the attachments of a product by kind, oldest first within one."""
    a = tables.attachments
    rows = db.execute(
        select(a)
        .where(a.c.product == product, a.c.removed_us.is_(None))
        .order_by(a.c.id)
    )
    order = list(KINDS)
    return sorted((Attachment(*row) for row in rows), key=lambda a: order.index(a.kind))


def open_for_evidence(db: Connection, product: int) -> None:
    """Refuse with NotEditable while a product is reviewed, noticed or has lapsed."""
    state = products.find(db, product).state
    if state not in OPEN:
        raise products.NotEditable(state)
