"""Organisations: register a member, and the reads about members."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from listings.marking import N_
from listings.registration import opinions
from marketplace.members import credit_code
from marketplace.members.tables import HOUSE, NAME_MAX, members, verifications
from settlement import clock, store
from settlement.errors import Invalid, NotFound
from settlement.ids import decode, encode

HOUSE_NAMES = ("数据交易所", "Databourse")
KINDS = {
    "company": N_("Company"),
    "institution": N_("Public institution"),
    "government": N_("Government body"),
    "individual_business": N_("Individual business"),
    "foreign": N_("Organisation outside mainland China"),
}
REGION = re.compile(r"[0-9A-Za-z-]{2,12}", re.ASCII)  # GB/T 2260 or ISO 3166


class Organisation(NamedTuple):
    """What is registered of a member; a foreign one has no *credit_code*."""

    kind: str
    name_zh: str
    name_en: str
    credit_code: str | None
    region: str
    vendor: bool
    buyer: bool
    assesses: tuple[str, ...] = ()  # the kinds of opinion that it gives
    representative: str = ""  # the legal one, 法定代表人; see `profiles`
    address: str = ""


def checked(organisation: Organisation) -> Organisation:
    """Return *organisation* in canonical form; Invalid names every problem at once."""
    problems: dict[str, list[str]] = {}
    zh, en = organisation.name_zh.strip(), organisation.name_en.strip()
    if organisation.kind not in KINDS:
        problems["kind"] = [N_("Choose a kind of organisation.")]
    if not zh and not en:
        problems["name_zh"] = [N_("Give a name in Chinese or in English.")]
    for field, name in (("name_zh", zh), ("name_en", en)):
        if len(name) > NAME_MAX or not name.isprintable():
            problems[field] = [N_("Use at most 200 printable characters.")]
    if not REGION.fullmatch(organisation.region):
        problems["region"] = [N_("Choose a region.")]
    if not (organisation.vendor or organisation.buyer or organisation.assesses):
        problems["roles"] = [N_("Choose to sell, to buy, or to assess.")]
    if not set(organisation.assesses) <= opinions.KINDS.keys():
        problems["roles"] = [N_("Choose one of the list.")]
    code = None
    try:
        code = _code(organisation)
    except credit_code.NotACreditCode as refusal:
        problems["credit_code"] = [refusal.title()]
    if problems:
        raise Invalid(problems)
    return organisation._replace(name_zh=zh, name_en=en, credit_code=code)


def _code(organisation: Organisation) -> str | None:
    if organisation.kind == "foreign":
        return None
    return credit_code.parse(organisation.credit_code or "")


def register(db: Connection, organisation: Organisation) -> int:
    """Register a new member, state ``invited``, and return its number.

    Invalid names the problems, a credit code that is already registered among them.
    """
    wanted = checked(organisation)
    values = wanted._asdict() | {
        "vendor": int(wanted.vendor),
        "buyer": int(wanted.buyer),
        "assesses": " ".join(sorted(set(wanted.assesses))),
        "state": "invited",
        "created_us": clock.now_us(),
    }
    try:
        with db.begin_nested():
            made = db.execute(insert(members).values(values).returning(members.c.id))
            return int(made.scalar_one())
    except IntegrityError as error:
        raise Invalid(
            {"credit_code": [N_("This organisation is already registered.")]}
        ) from error


def ensure_house(db: Connection) -> None:
    """Put in the operator's own member, number 0, if it is not there."""
    if db.execute(select(members.c.id).where(members.c.id == HOUSE)).first():
        return
    zh, en = HOUSE_NAMES
    house = Organisation("house", zh, en, None, "31", vendor=False, buyer=False)
    values = house._asdict() | {"vendor": 0, "buyer": 0, "assesses": ""}
    values |= {"id": HOUSE, "state": "verified", "created_us": clock.now_us()}
    db.execute(insert(members).values(values))


def get(db: Connection, member: int) -> Row[Any]:
    """Return the member's row; NotFound if there is none."""
    found = db.execute(select(members).where(members.c.id == member)).first()
    if found is None:
        raise NotFound("member", encode("member", member))
    return found


def by_id_or_code(db: Connection, text: str) -> int:
    """Return the number of the verified member with a public id or a credit code."""
    claimed = (members.c.credit_code == text, members.c.state == "verified")
    number = db.scalar(select(members.c.id).where(*claimed))
    return decode("member", text) if number is None else int(number)


def names(db: Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return the Chinese and the English name of each member in *numbers*."""
    wanted = select(members.c.id, members.c.name_zh, members.c.name_en).where(
        members.c.id.in_(set(numbers))
    )
    return {row.id: (row.name_zh, row.name_en) for row in db.execute(wanted)}


def assessors(db: Connection, kind: str) -> list[Row[Any]]:
    """Return the verified members that give opinions of that *kind*, by number."""
    query = select(members).where(members.c.state == "verified")
    query = query.where(members.c.assesses.contains(kind)).order_by(members.c.id)
    return [row for row in db.execute(query) if kind in row.assesses.split()]


def in_state(
    db: Connection, state: str | None, before: int | None = None, limit: int = 50
) -> store.Page:
    """Return a page of the members in *state*, of all when it is None; newest first."""
    query = select(members).order_by(members.c.id.desc()).limit(limit + 1)
    query = query.where(members.c.id != HOUSE)
    if state is not None:
        query = query.where(members.c.state == state)
    if before is not None:
        query = query.where(members.c.id < before)
    return store.page(db.execute(query).all(), limit)


def history(db: Connection, member: int) -> list[Row[Any]]:
    """Return the steps of the member's verification, oldest first."""
    query = select(verifications).where(verifications.c.member == member)
    return list(db.execute(query.order_by(verifications.c.id)))
