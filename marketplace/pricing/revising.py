"""Changes that a party asks for in an offer before it takes it (请求修改).

Asking binds nobody and ends nothing: the offer stays firm meanwhile. Whoever made it
answers with changed terms, which replace it, or says that it stays as it is. No money
moves, so this is an ordinary post; the changed terms are a command as any other offer.
Source: issue 4 (6), request-changes; features §5.4 (counter or clarify before accept).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from listings.marking import N_
from marketplace.members.users import User
from marketplace.pricing import quotes
from marketplace.pricing.tables import offer_changes
from marketplace.trading.offers import OfferState
from marketplace.trading.tender_tables import tenders
from marketplace.trading.tenders import LIVE, TenderRuns
from settlement import clock
from settlement.errors import IllegalMove, Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import PAGE_MAX

TOPICS = ("price", "quantity", "validity", "licence", "delivery", "other")
TEXT_MAX = 1_000  # characters
ASKED_MAX = 20  # times about one offer
_c = offer_changes.c


@dataclass(eq=False)
class ChangesAsked(Refusal):
    """You have asked for changes of this offer; they wait for an answer."""

    offer: str


@dataclass(eq=False)
class TooManyChanges(Refusal):
    """Changes of this offer were asked for as often as they may be."""

    changes_max: int


def ask(
    db: Connection, by: User, offer: int, topics: Collection[str], text: str
) -> None:
    """Ask whoever made an offer to change it, with what and why; it is told.

    NotFound unless it was made to the member; IllegalMove if it is over, TenderRuns for
    a bid of a tender, ChangesAsked while an earlier request waits, TooManyChanges,
    Invalid.
    """
    row = _open(db, offer, by.member)
    if row.maker == by.member:
        raise NotFound("offer", encode("offer", offer))
    text = text.strip()
    _check(topics, text)
    times = select(func.count()).where(_c.offer == offer)
    if db.execute(times).scalar_one() >= ASKED_MAX:
        raise TooManyChanges(ASKED_MAX)
    values = {
        "offer": offer,
        "member": by.member,
        "by_user": by.id,
        "at_us": clock.now_us(),
        "topics": " ".join(one for one in TOPICS if one in topics),
        "text": text,
        "reply": "",
    }
    try:
        with db.begin_nested():
            made = db.execute(insert(offer_changes).values(values).returning(_c.id))
            number = int(made.scalar_one())
    except IntegrityError as error:
        raise ChangesAsked(encode("offer", offer)) from error
    quotes.tell(db, offer, by.member, "changes_asked", number)


def _check(topics: Collection[str], text: str) -> None:
    problems = {}
    if not topics or not set(topics) <= set(TOPICS):
        problems["topics"] = [N_("Say what is to be changed.")]
    if not 0 < len(text) <= TEXT_MAX:
        problems["text"] = [N_("Say what you want instead and why, in 1,000 letters.")]
    if problems:
        raise Invalid(problems)


def keep(db: Connection, by: User, offer: int, reply: str) -> None:
    """Answer that an offer of the member stays as it is; who asked is told.

    NotFound if nothing was asked of the member there, IllegalMove if it is over.
    """
    _open(db, offer, by.member)
    row = waiting(db, offer)
    if row is None or row.member == by.member:
        raise NotFound("offer", encode("offer", offer))
    if len(reply) > TEXT_MAX:
        raise Invalid({"reply": [N_("This is too long.")]})
    quotes.answer_changes(db, offer, reply=reply.strip())
    quotes.tell(db, offer, by.member, "changes_refused", row.id)


def _open(db: Connection, offer: int, member: int) -> Row[Any]:
    """Return an open offer of the member's that is no bid of a tender."""
    row = quotes.one(db, offer, member)
    is_open = row.state == OfferState.OPEN and row.expires_us > clock.now_us()
    if not is_open:
        raise IllegalMove("offer", str(row.state), "change")
    t = tenders.c
    runs = select(t.id).where(t.id == row.demand, t.state.in_(list(map(str, LIVE))))
    if db.execute(runs).first() is not None:
        raise TenderRuns(encode("demand", row.demand))
    return row


# ── reads ──


def waiting(db: Connection, offer: int) -> Row[Any] | None:
    """Return what is asked of an offer and not answered; None: nothing."""
    query = select(offer_changes).where(_c.offer == offer, _c.answered_us.is_(None))
    row: Row[Any] | None = db.execute(query).first()
    return row


def of_offers(db: Connection, offers: Iterable[int]) -> list[Row[Any]]:
    """Return all that was asked of *offers*, in order."""
    query = select(offer_changes).where(_c.offer.in_(set(offers)))
    return list(db.execute(query.order_by(_c.id).limit(PAGE_MAX)))
