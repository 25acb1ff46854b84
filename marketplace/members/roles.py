"""Roles: what a user may do, and the decorator that asks for one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request
from flask_login import current_user

from listings.marking import N_
from settlement.errors import Forbidden, Refusal

OWNER = "owner"  # of the member's account: its users and keys
APPROVER = "approver"  # of what colleagues order above the member's limit
DECIDERS = (APPROVER, OWNER)  # an owner may do what it can let others do
TRADING = ("vendor", "buyer", "assessor")
STAFF = (
    "registrar",
    "settlement_officer",
    "settlement_approver",
    "surveillance",
    "statistician",
    "admin",
)
NAMES = {
    "owner": N_("Account owner"),
    "approver": N_("Approver"),
    "vendor": N_("Vendor"),
    "buyer": N_("Buyer"),
    "assessor": N_("Assessor"),
    "registrar": N_("Registrar"),
    "settlement_officer": N_("Settlement officer"),
    "settlement_approver": N_("Settlement approver"),
    "surveillance": N_("Surveillance"),
    "statistician": N_("Statistician"),
    "admin": N_("Administrator"),
}
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class SignInNeeded(Refusal):
    """Please sign in first."""


@dataclass(eq=False)
class PasswordNeeded(Refusal):
    """Give your password again for this step."""


def effective(
    granted: frozenset[str],
    *,
    member: int,
    state: str,
    vendor: bool,
    buyer: bool,
    assessor: bool = False,
) -> frozenset[str]:
    """Return what is left of a user's *granted* roles by what its member is.

    Staff roles count in the house only; vendor, buyer and assessor only for a verified
    member that has the role itself. Ownership stays, so that an application can go on.
    """
    if member == 0:
        return granted & {*STAFF, OWNER}
    has_them = (vendor, buyer, assessor)
    traded = {name for name, has in zip(TRADING, has_them, strict=True) if has}
    traded |= {APPROVER}
    return granted & ({OWNER} | (traded if state == "verified" else set()))


def needs(*roles: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a view be called only by a user with one of *roles*; none: any signed in.

    Refused with SignInNeeded or Forbidden. An administrator may look (GET) at every
    desk of the staff.
    """

    def decorate(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            require(*roles)
            return view(*args, **kwargs)

        return guarded

    return decorate


def require(*roles: str) -> None:
    """Refuse unless the current user is signed in and has one of *roles*."""
    if not current_user.is_authenticated:
        raise SignInNeeded
    if roles and current_user.roles.isdisjoint(roles) and not _looks(roles):
        raise Forbidden(" / ".join(roles))


def _looks(roles: tuple[str, ...]) -> bool:
    reading = request.method in {"GET", "HEAD"}
    return reading and "admin" in current_user.roles and set(roles) <= set(STAFF)
