"""Who takes part in the demo: members and users, as written in ``people.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from listings.vocabulary import PROVINCES
from marketplace.members.credit_code import check, organisation_check
from marketplace.members.organisations import Organisation

# Every demo user has this password, and all share one hash of it: an Argon2id hash
# takes a third of a second on purpose, and forty would make the start a quarter of a
# minute longer. Only the demo does so; it is printed to whoever starts it.
PASSWORD = "demo-market-2026"  # noqa: S105  printed at every start
DOMAIN = "databourse.example"  # RFC 2606: a name that nobody can own
_KINDS = {"company": "91", "institution": "12", "government": "11"}


class Person(NamedTuple):
    """A user of the demo and the organisation behind it."""

    key: str
    name: str
    organisation: Organisation
    sectors: tuple[str, ...] = ()  # what a buyer looks for
    wealth: float = 1.0  # how much it spends, beside the others
    broker: bool = False  # quotes both sides
    abroad: bool = False  # pays in foreign currencies
    approver: str = ""  # the name of a second user, who approves

    @property
    def email(self) -> str:
        """Return the address that the user signs in with."""
        return f"{self.key}@{DOMAIN}"

    @property
    def approvers_email(self) -> str:
        """Return the address that the second user signs in with."""
        return f"{self.key}-approver@{DOMAIN}"


class Staff(NamedTuple):
    """A user of the house; *key* is the role, or tells a second one from the first."""

    key: str
    role: str
    name: str

    @property
    def email(self) -> str:
        """Return the address that the user signs in with."""
        return f"{self.key.replace('_', '-')}@{DOMAIN}"


class Login(NamedTuple):
    """What someone needs to look at the demo as somebody."""

    role: str
    email: str
    password: str
    who: str

    def __str__(self) -> str:
        """Return one line of the list of logins."""
        return f"  {self.role:<20} {self.email:<42} {self.password}  {self.who}"


@cache
def _sheet() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("people.toml").read_text("utf-8"))


def people(role: str) -> tuple[Person, ...]:
    """Return the persons of a role: vendor, buyer, applicant or assessor."""
    listed = _sheet()[role]
    before = {"vendor": 0, "buyer": 100, "applicant": 200, "assessor": 300}[role]
    return tuple(
        _person(entry, role, before + place)
        for place, entry in enumerate(listed, start=1)
    )


def staff() -> tuple[Staff, ...]:
    """Return the house's users, at least one for each role of the staff."""
    return tuple(
        Staff(entry.get("key", entry["role"]), entry["role"], entry["user"])
        for entry in _sheet()["staff"]
    )


def logins() -> list[Login]:
    """Return every login of the demo, staff first, for printing."""
    found = [Login(one.role, one.email, PASSWORD, one.name) for one in staff()]
    for role in ("vendor", "buyer", "assessor"):
        found += [
            Login(role, one.email, PASSWORD, one.organisation.name_en)
            for one in people(role)
        ]
    return found + [
        Login("approver", one.approvers_email, PASSWORD, one.organisation.name_en)
        for one in people("buyer")
        if one.approver
    ]


def _person(entry: dict[str, Any], role: str, place: int) -> Person:
    zh, en = entry["name"]
    abroad = entry["kind"] == "foreign"
    organisation = Organisation(
        entry["kind"],
        zh,
        en,
        None if abroad else made_up_code(entry["kind"], entry["region"], place),
        entry["region"],
        vendor=role == "vendor",
        buyer=role in {"buyer", "applicant"},
        assesses=tuple(entry.get("assesses", ())),
        representative=entry["user"],
        address=_address(entry["region"], place),
    )
    return Person(
        entry["key"],
        entry["user"],
        organisation,
        tuple(entry.get("sectors", ())),
        entry.get("wealth", 1.0),
        entry.get("broker", False),
        entry.get("abroad", False),
        entry.get("approver", ""),
    )


def _address(region: str, place: int) -> str:
    """Return where a made-up organisation sits: on a road that no town has."""
    province = PROVINCES.get(region[:2])
    if province is None:
        return f"{place} Demo Road, {region}"
    return f"{province.zh}演示路 {place} 号（{place} Demo Road, {province.en}）"


def made_up_code(kind: str, region: str, place: int) -> str:
    """Return a well-formed unified social credit code that nobody has.

    The division is the province's with the county 99, which GB/T 2260 does not use;
    both check characters are right (`marketplace.members.credit_code`).
    """
    body = f"MADEM{place:03d}"
    first = f"{_KINDS.get(kind, '92')}{region[:4]}99{body}{organisation_check(body)}"
    return first + check(first)
