"""A member's limits: the amount above which a second user has to approve."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Row, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgres
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from marketplace.approvals.tables import approval_limits
from marketplace.members import users
from marketplace.members.roles import DECIDERS
from marketplace.members.tables import users as people
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Refusal

_l = approval_limits.c
APPROVERS_MIN = 2  # of a member with a limit: nobody approves what they asked for


@dataclass(eq=False)
class NobodyApproves(Refusal):
    """A limit needs two users who may approve: add one to the member first."""

    approvers: int


@dataclass(eq=False)
class PriceNeeded(Refusal):
    """Your organisation approves large orders: name the highest price you would pay."""


def of_member(db: Connection, member: int) -> dict[int, Row[Any]]:
    """Return the member's limits by currency."""
    query = select(approval_limits).where(_l.member == member).order_by(_l.currency)
    return {row.currency: row for row in db.execute(query)}


def put(db: Connection, user: int, member: int, currency: int, amount: int) -> None:
    """Put a limit in force at once, whatever it was; see `lower`."""
    db.execute(_put(db, user, member, currency, amount))


def lower(db: Connection, user: int, member: int, currency: int, amount: int) -> bool:
    """Put a limit in force unless a lower one is, by one statement; tell if it is."""
    made = _put(db, user, member, currency, amount, where=_l.amount >= amount)
    return db.execute(made).rowcount == 1


def _put(
    db: Connection,
    user: int,
    member: int,
    currency: int,
    amount: int,
    where: ColumnElement[bool] | None = None,
) -> Insert:
    values = {"amount": amount, "by_user": user, "at_us": clock.now_us()}
    make = upsert_postgres if db.dialect.name == "postgresql" else upsert_sqlite
    made = make(approval_limits).values(member=member, currency=currency, **values)
    return made.on_conflict_do_update(
        index_elements=["member", "currency"], set_=values, where=where
    )


def take_off(db: Connection, member: int, currency: int) -> None:
    """End the limit in a currency."""
    db.execute(
        delete(approval_limits).where(_l.member == member, _l.currency == currency)
    )


def check_approvers(db: Connection, member: int) -> None:
    """Refuse with NobodyApproves unless a second user could approve."""
    number = sum(not user.roles.isdisjoint(DECIDERS) for user in _users(db, member))
    if number < APPROVERS_MIN:
        raise NobodyApproves(number)


def _users(db: Connection, member: int) -> list[User]:
    query = users.facts().where(people.c.member == member, people.c.disabled == 0)
    return [users.user_of(row) for row in db.execute(query)]
