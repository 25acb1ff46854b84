"""Agents: users of their own with a key and a mandate, made and ended together.

The key comes into use after the market knows the mandate, and ends with it: at no
moment is there a key of an agent that nothing bounds.
"""

import secrets
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Engine, delete

from marketplace.approvals import limits
from marketplace.members import keys, roles, users
from marketplace.members.passwords import Passwords
from marketplace.members.tables import api_keys
from marketplace.members.tables import users as people
from marketplace.members.users import User
from marketplace.trading import mandate_reads
from marketplace.trading.gateway import Gateway
from marketplace.trading.mandating import EndMandate, GiveMandate
from settlement.errors import Forbidden, NotFound, OutcomeUnknown, Refusal
from settlement.ids import encode


class Parts(Protocol):
    """What giving a mandate works with; the services have it."""

    @property
    def reads(self) -> Engine:
        """The engine to read by."""

    @property
    def writes(self) -> Engine:
        """The engine to write by."""

    @property
    def gateway(self) -> Gateway:
        """The one door."""

    @property
    def passwords(self) -> Passwords:
        """What hashes passwords."""


class Bounds(NamedTuple):
    """What a mandate allows, as `GiveMandate` has it."""

    name: str
    currency: int
    price_max: int | None
    daily_max: int
    total_max: int | None
    approval_above: int | None
    unique: bool
    instruments: tuple[int, ...]
    purposes: tuple[str, ...]
    until_us: int


class Given(NamedTuple):
    """A mandate just given, and the agent's key that is shown this once."""

    mandate: int
    secret: str


def give(parts: Parts, by: User, bounds: Bounds) -> Given:
    """Make an agent of the user's member with a mandate and a key.

    Raises what the market refuses the mandate for, NobodyApproves if orders are to be
    approved and no second user could, TooManyKeys, Forbidden for agents.
    """
    address = f"agent-{secrets.token_hex(8)}{users.NOWHERE}"
    hashed = parts.passwords.hash(secrets.token_urlsafe(32))
    with parts.writes.begin() as db:
        _check(db, by, bounds)
        agent = users.add(db, by.member, address, bounds.name, hashed, ["buyer"])
        users.set_disabled(db, agent, disabled=True)  # so is the key, until all is said
        key = keys.create(
            db, users.get(db, agent), bounds.name, ["trade"], bounds.until_us
        )
    try:
        number = _submit(parts, by, agent, bounds, agent_too=True)
    except OutcomeUnknown:
        raise  # it may be in force; its key never is
    except Refusal:
        with parts.writes.begin() as db:
            db.execute(delete(api_keys).where(api_keys.c.id == key.id))
            db.execute(delete(people).where(people.c.id == agent))
        raise
    with parts.writes.begin() as db:
        users.set_disabled(db, agent, disabled=False)
    return Given(number, key.secret)


def bound(parts: Parts, by: User, colleague: int, bounds: Bounds) -> int:
    """Give a colleague of the owner's a budget; the mandate's number.

    Raises NotFound for who is no colleague, else what `give` raises.
    """
    with parts.reads.connect() as db:
        _check(db, by, bounds)
        others = {row.id for row in users.of_member(db, by.member)} - {by.id}
        if colleague not in others:
            raise NotFound("user", encode("user", colleague))
    return _submit(parts, by, colleague, bounds, agent_too=False)


def _submit(
    parts: Parts, by: User, user: int, bounds: Bounds, *, agent_too: bool
) -> int:
    command = GiveMandate(by.id, by.member, user, agent=agent_too, **bounds._asdict())
    number: int = parts.gateway.submit(command).result
    return number


def end(parts: Parts, by: User, number: int) -> int:
    """End a mandate at once; how many orders were cancelled with it.

    Any of the member ends an agent's; only an owner lifts a colleague's budget. Of an
    agent whose mandate is over already, the login and the keys are ended all the same.
    """
    with parts.reads.connect() as db:
        row = mandate_reads.one(db, number, by.member)
    if not row.agent and roles.OWNER not in by.roles:
        raise Forbidden(roles.OWNER)
    cancelled = 0
    if not row.agent or row.state == "active":
        cancelled = parts.gateway.submit(EndMandate(by.id, by.member, number)).result
    if row.agent:
        with parts.writes.begin() as db:
            users.set_disabled(db, row.holder, disabled=True)
            keys.revoke_all(db, row.holder)
    return cancelled


def _check(db: Connection, by: User, bounds: Bounds) -> None:
    """Refuse an agent, and approvals that nobody could give."""
    held = mandate_reads.of_user(db, by.id)
    if held is not None and held.agent:
        raise Forbidden(roles.OWNER)
    if bounds.approval_above is not None:
        limits.check_approvers(db, by.member)
