"""Complaints about a listing: what a member reports, and what a registrar decides.

A member may say that a listing breaks a rule; staff look at it, oldest first, and tell
the member what they found. What follows for the listing (suspending it, taking it off)
is a decision of its own, with its own reason: see `listings.admission`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from listings import catalogue, products, tables
from listings.marking import N_
from listings.vocabulary import Name
from marketplace.community.moderation import checked, row_of
from marketplace.community.notices import notify
from marketplace.community.tables import complaints
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, OwnWork, Refusal
from settlement.store import PAGE_MAX

TEXT_MAX = 2_000  # characters
OPEN_MAX = 20  # undecided ones of one member, about whatever
KINDS = {
    "facts": Name("描述与数据不符", "It is not what it says"),
    "rights": Name(
        "侵害他人权利或来源不合法", "It infringes rights, or its source does"
    ),
    "personal": Name("含未授权的个人信息", "It holds personal data without consent"),
    "forbidden": Name("属于不得交易的数据", "It may not be traded"),
    "other": Name("其他", "Something else"),
}
OUTCOMES = {
    "upheld": Name("成立", "Upheld"),
    "dismissed": Name("不成立", "Dismissed"),
}

_c = complaints.c


@dataclass(eq=False)
class ComplaintDecided(Refusal):
    """This complaint was decided already."""

    outcome: str


def complain(db: Connection, product: int, kind: str, text: str, by: User) -> int:
    """Report a listing that the member may see; the complaint's number.

    One undecided complaint of a member about a product: another text replaces it.
    """
    found = catalogue.listing(db, product, by.member)
    said = checked(text, TEXT_MAX, "complaint")
    if kind not in KINDS:
        raise Invalid({"kind": [N_("Choose one of the list.")]})
    if found.vendor == by.member:
        raise Invalid({"complaint": [N_("This is your own product.")]})
    told = {"kind": kind, "text": said, "by_user": by.id, "at_us": clock.now_us()}
    mine = (_c.member == by.member, _c.decided_us.is_(None))
    again = db.execute(
        update(complaints).where(_c.product == product, *mine).values(**told)
    )
    if again.rowcount:
        kept = select(_c.id).where(_c.product == product, *mine)
        return int(db.execute(kept).scalar_one())
    count = select(func.count()).select_from(complaints).where(*mine)
    if (db.scalar(count) or 0) >= OPEN_MAX:
        wait = N_("Wait for the answers to your other complaints.")
        raise Invalid({"complaint": [wait]})
    values = {"product": product, "member": by.member, "outcome": "", "answer": ""}
    made = db.execute(insert(complaints).values(**told, **values).returning(_c.id))
    return int(made.scalar_one())


def decide(db: Connection, complaint: int, outcome: str, answer: str, by: User) -> None:
    """Uphold or dismiss a complaint; who complained is told why.

    OwnWork for a product of the own organisation, ComplaintDecided the second time.
    """
    said = checked(answer, TEXT_MAX, "answer")
    if outcome not in OUTCOMES:
        raise Invalid({"outcome": [N_("Choose one of the list.")]})
    row = row_of(db, complaints, "complaint", complaint)
    if by.member in {row.member, products.find(db, row.product).vendor}:
        raise OwnWork
    done = db.execute(
        update(complaints)
        .where(_c.id == complaint, _c.decided_us.is_(None))
        .values(
            outcome=outcome, answer=said, decided_us=clock.now_us(), decided_by=by.id
        )
    )
    if not done.rowcount:
        raise ComplaintDecided(row.outcome)
    kind, cause = f"complaint_{outcome}", f"complaint {complaint}"
    notify(db, [row.member], kind, cause, row.product, {"answer": said})


def get(db: Connection, complaint: int) -> Row[Any]:
    """Return one of them; NotFound if there is none."""
    found: Row[Any] = row_of(db, complaints, "complaint", complaint)
    return found


def waiting(
    db: Connection, after: int | None = None, limit: int = PAGE_MAX
) -> list[Row[Any]]:
    """Return the undecided complaints, oldest first, each with its product's titles."""
    p = tables.products.c
    query = (
        select(complaints, p.title_zh, p.title_en, p.vendor)
        .join(tables.products, p.id == _c.product)
        .where(_c.decided_us.is_(None), _c.id > (after or 0))
    )
    return list(db.execute(query.order_by(_c.id).limit(limit)))


def of_product(db: Connection, product: int, limit: int = PAGE_MAX) -> list[Row[Any]]:
    """Return the complaints about a product, newest first."""
    query = select(complaints).where(_c.product == product)
    return list(db.execute(query.order_by(_c.id.desc()).limit(limit)))


def of_member(db: Connection, product: int, member: int) -> Row[Any] | None:
    """Return a member's newest complaint about a product."""
    query = select(complaints).where(_c.product == product, _c.member == member)
    return db.execute(query.order_by(_c.id.desc()).limit(1)).first()
