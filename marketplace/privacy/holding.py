"""What still runs and rests on a person: until it ends, nobody erases that person.

What two persons decided is shown to nobody any more, a mediator among them. So a
dispute is ended, an inquiry decided and money paid first (Personal Information
Protection Law 47: what a law keeps is not erased).
"""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from marketplace.members.tables import HOUSE, users
from marketplace.surveillance.tables import alerts, cases
from settlement.claim_tables import disputes
from settlement.errors import Refusal
from settlement.tables import payouts, trades

LIVE_DISPUTES = ("open", "mediation")
LIVE_CASES = ("open", "proposed")
LIVE_PAYOUTS = ("requested", "approved", "submitted")


@dataclass(eq=False)
class StillNeeded(Refusal):
    """A dispute, an inquiry or a payout still rests on this person; end it first."""

    why: list[str]  # of "dispute", "case", "payout"


def check_free(db: Connection, user: int) -> None:
    """Refuse with StillNeeded if a dispute, a case or a payout rests on a user."""
    member = db.scalar(select(users.c.member).where(users.c.id == user))
    found = {
        "dispute": _in_dispute(db, user, member),
        "case": _in_case(db, user, member),
        "payout": _pays_out(db, user),
    }
    why = [name for name, holds in found.items() if holds]
    if why:
        raise StillNeeded(why)


def _in_dispute(db: Connection, user: int, member: int | None) -> bool:
    """Tell whether the user, or its member, is in a dispute that goes on."""
    d, t = disputes.c, trades.c
    query = (
        select(d.id)
        .join(trades, t.id == d.trade)
        .where(
            d.state.in_(LIVE_DISPUTES),
            or_(
                t.buyer == member,
                t.seller == member,
                d.by_user == user,
                d.answered_by == user,
            ),
        )
    )
    return db.scalar(query.limit(1)) is not None


def _in_case(db: Connection, user: int, member: int | None) -> bool:
    """Tell whether the desk looks into the user's member, or the user does."""
    goes_on = cases.c.state.in_(LIVE_CASES)
    own = or_(cases.c.by_user == user, cases.c.proposed_by == user)
    if db.scalar(select(cases.c.id).where(goes_on, own).limit(1)) is not None:
        return True
    about = select(alerts.c.members).join(cases, cases.c.id == alerts.c.case)
    return member != HOUSE and any(
        member in json.loads(members)
        for members in db.scalars(about.where(goes_on).distinct())
    )


def _pays_out(db: Connection, user: int) -> bool:
    """Tell whether money is under way that the user asked for or let go."""
    p = payouts.c
    query = select(p.id).where(
        p.state.in_(LIVE_PAYOUTS),
        or_(p.requested_by == user, p.approved_by == user),
    )
    return db.scalar(query.limit(1)) is not None
