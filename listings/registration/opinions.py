"""Opinions of third parties: compliance, quality, value.

The vendor invites an assessor, a member of its own; only that member gives the opinion,
under the account of its user. No listing without a compliance opinion (无合规不上架).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from listings import products
from listings.files import Stored
from listings.marking import N_
from listings.registration import attachments, tables
from listings.registration.attachments import Whose
from listings.steps import REASON_MAX, By, own, record
from listings.vocabulary import Name
from settlement import clock
from settlement.errors import Invalid, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.store import next_numbers

KINDS = {
    "compliance": Name("合规评估", "Compliance"),
    "quality": Name("质量评估", "Quality"),
    "valuation": Name("资产评估", "Valuation"),
}
OUTCOMES = {
    "pass": Name("通过", "Passed"),
    "conditions": Name("附条件通过", "Passed with conditions"),
    "fail": Name("不通过", "Not passed"),
}
METHODS = {
    "cost": Name("成本法", "Cost"),
    "income": Name("收益法", "Income"),
    "market": Name("市场法", "Market"),
}
VALID_DAYS_MAX = 1_096  # three years, as long as a registration
ENGAGED_MAX = 20  # assessors of one product
OPEN_STATES = ("draft", "returned", "in_review", "publicity", "objection", "registered")


class Given(NamedTuple):
    """What an assessor says."""

    outcome: str
    summary: str
    valid_until_us: int
    methods: tuple[str, ...] = ()  # of a valuation


class Opinion(NamedTuple):
    """An opinion as it was given."""

    id: int
    product: int
    version: int
    kind: str
    assessor: int
    by_user: int
    outcome: str
    summary: str
    methods: str  # ["cost", …]
    at_us: int
    valid_until_us: int
    attachment: int
    name: str  # of the file
    sha256: str

    @property
    def is_good(self) -> bool:
        """Tell whether it speaks for the product."""
        return self.outcome != "fail"


@dataclass(eq=False)
class ComplianceLacking(Refusal):
    """No listing without a compliance opinion that is in force."""


def invite(db: Connection, product: int, kind: str, assessor: int, by: By) -> int:
    """Invite a member to assess the actor's own product; return the engagement.

    OwnWork if it is the vendor itself, Invalid for a second invitation. Whether the
    member may assess at all is the members' room's knowledge.
    """
    row = own(db, product, by)
    if assessor == row.vendor:
        raise OwnWork
    if kind not in KINDS:
        raise Invalid({"kind": [N_("Choose one of the list.")]})
    e = tables.engagements
    there = db.execute(select(e).where(e.c.product == product)).all()
    same = [x for x in there if (x.kind, x.assessor) == (kind, assessor)]
    if same and same[0].ended_us is None:
        raise Invalid({"assessor": [N_("This assessor is invited already.")]})
    if same:
        mine = e.c.id == same[0].id
        db.execute(update(e).where(mine).values(ended_us=None))
        return int(same[0].id)
    if len(there) >= ENGAGED_MAX:
        raise Invalid({"assessor": [N_("A product has at most 20 assessors.")]})
    (number,) = next_numbers(db, e.c.id)
    db.execute(
        insert(e).values(
            id=number,
            product=product,
            kind=kind,
            assessor=assessor,
            invited_us=clock.now_us(),
            invited_by=by.id,
        )
    )
    return number


def dismiss(db: Connection, engagement: int, by: By) -> None:
    """End an engagement; what the assessor said stays."""
    e = tables.engagements
    row = db.execute(select(e).where(e.c.id == engagement)).first()
    if row is None:
        raise NotFound("engagement", encode("engagement", engagement))
    own(db, row.product, by)
    db.execute(update(e).where(e.c.id == engagement).values(ended_us=clock.now_us()))


def give(
    db: Connection,
    product: int,
    kind: str,
    given: Given,
    file: tuple[str, Stored],
    by: By,
) -> int:
    """Give an opinion with its signed file; return its number.

    NotFound unless *by* belongs to a member invited for that *kind*, OwnWork for one's
    own product, Invalid for what is missing.
    """
    row = products.find(db, product)
    if by.member == row.vendor:
        raise OwnWork
    if not engaged(db, product, by.member, kind):
        raise NotFound("product", encode("product", product))
    if row.state not in OPEN_STATES:
        raise products.NotEditable(row.state)
    now_us = clock.now_us()
    products.refuse(_wrong(kind, given, now_us))
    name, stored = file
    kept = attachments.keep(db, product, kind, name, stored, Whose(by.id, by.member))
    (number,) = next_numbers(db, tables.opinions.c.id)
    db.execute(
        insert(tables.opinions).values(
            id=number,
            product=product,
            version=row.version,
            kind=kind,
            assessor=by.member,
            by_user=by.id,
            outcome=given.outcome,
            summary=given.summary.strip(),
            methods=products.dump(list(given.methods)),
            at_us=now_us,
            valid_until_us=given.valid_until_us,
            attachment=kept,
        )
    )
    record(db, row, "opinion", kind, given.outcome, by, {})
    return number


def _wrong(kind: str, given: Given, now_us: int) -> dict[str, list[str]]:
    """Return what is wrong with an opinion (methods: 资产评估法 art. 26)."""
    problems: dict[str, list[str]] = {}
    if given.outcome not in OUTCOMES:
        problems["outcome"] = [N_("Choose one of the list.")]
    if not 0 < len(given.summary.strip()) <= REASON_MAX:
        problems["summary"] = [
            N_("Sum up what was found, in at most 2,000 characters.")
        ]
    last = now_us + VALID_DAYS_MAX * clock.DAY_US
    if not now_us < given.valid_until_us <= last:
        problems["valid_until"] = [N_("Choose a day within the next three years.")]
    if not set(given.methods) <= METHODS.keys():
        problems["methods"] = [N_("Choose one of the list.")]
    elif kind == "valuation" and len(set(given.methods)) < 2:
        problems["methods"] = [N_("A valuation takes at least two methods.")]
    return problems


def engaged(db: Connection, product: int, member: int, kind: str | None = None) -> bool:
    """Tell whether a member is invited to assess a product, for that *kind* or any."""
    e = tables.engagements
    query = select(e.c.id).where(
        e.c.product == product, e.c.assessor == member, e.c.ended_us.is_(None)
    )
    if kind is not None:
        query = query.where(e.c.kind == kind)
    return db.execute(query.limit(1)).first() is not None


def engagements_of(db: Connection, product: int) -> Sequence[Row[Any]]:
    """Return the invitations of a product that stand, oldest first."""
    e = tables.engagements
    query = select(e).where(e.c.product == product, e.c.ended_us.is_(None))
    return db.execute(query.order_by(e.c.id)).all()


def engagements_with(
    db: Connection, assessor: int, limit: int = 100
) -> Sequence[Row[Any]]:
    """Return an assessor's invitations, newest first."""
    e = tables.engagements
    query = select(e).where(e.c.assessor == assessor, e.c.ended_us.is_(None))
    return db.execute(query.order_by(e.c.id.desc()).limit(limit)).all()


def of_product(db: Connection, product: int) -> list[Opinion]:
    """Return the newest opinion of each kind and assessor, in the order of kinds."""
    o, a = tables.opinions, tables.attachments
    query = (
        select(o, a.c.name, a.c.sha256)
        .join(a, a.c.id == o.c.attachment)
        .where(o.c.product == product)
        .order_by(o.c.id)
    )
    newest: dict[tuple[str, int], Opinion] = {}
    for row in db.execute(query):
        newest[row.kind, row.assessor] = Opinion(*row)
    order = list(KINDS)
    return sorted(newest.values(), key=lambda one: (order.index(one.kind), one.id))


def in_force(db: Connection, product: int, kind: str) -> Opinion | None:
    """Return an opinion of that *kind* that speaks for the product today.

    None if there is none, or if an assessor's newest word is against it.
    """
    now_us = clock.now_us()
    said = [one for one in of_product(db, product) if one.kind == kind]
    current = [one for one in said if one.valid_until_us > now_us]
    if not current or not all(one.is_good for one in current):
        return None
    return current[-1]


def require_compliance(db: Connection, product: int) -> None:
    """Refuse with ComplianceLacking unless a compliance opinion is in force."""
    if in_force(db, product, "compliance") is None:
        raise ComplianceLacking
