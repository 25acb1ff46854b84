"""The notice centre: what a member is told, in their language, until it is read.

`notify` writes; the bell, the page and the API read. Something new to tell about is a
line in `KINDS` and a call of `notify`, nothing else.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from listings.marking import N_
from marketplace.community.tables import notices
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX

CAUSE_MAX = 200  # characters
RECIPIENTS_MAX = 10_000  # of one notice
AT_ONCE = 500  # rows of one statement
COUNTED_MAX = 99  # the bell says 99+

# Kind → the sentence; its facts are in %(…)s, and %(title)s is the product's title.
KINDS: Mapping[str, str] = {
    "price_rise": N_(
        "The price of %(symbol)s (%(title)s) rises in %(days)s days; the right that you"
        " hold keeps its terms."
    ),
    "personal_price": N_("A vendor offers you a price of your own for %(title)s."),
    "payout_account": N_(
        "The account of your payouts was set to %(number)s. A change counts after two"
        " days; stop it on your cash page if it was not you."
    ),
    "saved_search": N_("New for your search “%(name)s”: %(number)s"),
    "access_requested": N_("%(member)s asks for access to %(title)s."),
    "access_approved": N_("You may trade %(title)s now."),
    "access_declined": N_("The vendor of %(title)s declined your request: %(reason)s"),
    "access_ended": N_("Your access to %(title)s has ended."),
    "purpose_requested": N_(
        "%(member)s asks for your consent to a further purpose of %(title)s."
    ),
    "purpose_approved": N_(
        "The vendor of %(title)s agreed to your purpose: you may order it now."
    ),
    "purpose_ended": N_("The vendor's consent to a purpose of %(title)s has ended."),
    "new_release": N_("%(title)s has a new release: %(label)s."),
    "schema_change": N_("The schema of %(title)s changes with release %(label)s."),
    "schema_live": N_("Release %(label)s of %(title)s is served with its new schema."),
    "revocation": N_("Release %(label)s of %(title)s was revoked: %(comment)s"),
    "delay": N_("%(title)s is delayed: %(comment)s"),
    "deprecation": N_("%(title)s is to end: %(comment)s"),
    "suspended": N_("Trading in %(title)s is suspended: %(reason)s"),
    "renewal": N_(
        "Your right to %(title)s ends in %(days)s days, on %(date)s. Renew it in"
        " time if you go on using it."
    ),
    "use_budget": N_(
        "The budget for %(title)s is used up to %(percent)s percent. Set more aside if"
        " calls shall go on."
    ),
    "use_quota": N_("This period's quota of %(title)s is used to %(percent)s percent."),
    "use_pack": N_("Your calls of %(title)s are used to %(percent)s percent."),
    "resumed": N_("%(title)s may be traded again."),
    "delisted": N_("%(title)s was taken off the market: %(reason)s"),
    "question_asked": N_("%(member)s asks about %(title)s: %(text)s"),
    "question_answered": N_("Your question about %(title)s was answered."),
    "rated": N_("%(title)s was reviewed by a buyer."),
    "rated_blind": N_(
        "A buyer reviewed %(title)s. Rate the buyer too: then both are shown, at the"
        " latest in %(days)s days."
    ),
    "buyer_rated_blind": N_(
        "The vendor of %(title)s rated your trade. Review it too: then both are shown,"
        " at the latest in %(days)s days."
    ),
    "reviews_open": N_("Both sides have reviewed the trade in %(title)s: read them."),
    "rating_replied": N_("The vendor replied to your review of %(title)s."),
    "text_hidden": N_("The exchange hid what you wrote about %(title)s: %(reason)s"),
    "complaint_upheld": N_(
        "The exchange upholds your complaint about %(title)s: %(answer)s"
    ),
    "complaint_dismissed": N_(
        "The exchange dismisses your complaint about %(title)s: %(answer)s"
    ),
    "contest_won": N_("You won the auction of %(title)s, and the right is yours."),
    "contest_unpaid": N_(
        "You won the auction of %(title)s: pay within two days, else your deposit is"
        " lost."
    ),
    "contest_lost": N_(
        "The auction of %(title)s went to another bidder; your deposit is free again."
    ),
    "contest_sold": N_("Your auction of %(title)s has ended: it is sold."),
    "contest_failed": N_("Your auction of %(title)s has ended: nothing was sold."),
    "invited": N_("A vendor offers %(title)s to you."),
    "profile_approved": N_("Your organisation's new profile is in force."),
    "profile_declined": N_("Your organisation's new profile was declined: %(reason)s"),
    "quote_asked": N_("%(member)s asks you for a quote: %(text)s"),
    "demand_fits": N_("A buyer looks for what %(title)s may give: %(text)s"),
    "trade_questioned": N_(
        "The exchange looks into your trade in %(title)s: it may be busted, or its"
        " price adjusted. Two persons decide it."
    ),
    "trade_busted": N_(
        "Your trade in %(title)s was busted: money, fee and right went back. %(reason)s"
    ),
    "trade_adjusted": N_(
        "The price of your trade in %(title)s was adjusted; the difference moved."
        " %(reason)s"
    ),
    "deal_filed": N_("%(member)s filed a deal with you: please confirm it."),
    "deal_confirmed": N_("%(member)s confirmed the deal that you filed."),
    "deal_contested": N_("%(member)s contests the deal that you filed."),
    "deal_registered": N_("A filed deal of yours is on record."),
    "deal_refused": N_("A filed deal of yours was not put on record."),
    "contract_drafted": N_("%(member)s puts a contract to you: read it and sign."),
    "contract_signed": N_("%(member)s has signed your contract."),
    "contract_concluded": N_("Your contract is signed by all; it is concluded."),
    "contract_returned": N_("%(member)s did not sign your contract. %(reason)s"),
    "sale_ends": N_("%(member)s asks you to end a sale whose money waits."),
    "sale_goes_on": N_("%(member)s does not agree to end the sale."),
    "sale_ended": N_("A sale was ended by both sides; what waited went back."),
    "quoted": N_("%(member)s quotes you a price for %(title)s."),
    "bid_made": N_("%(member)s offers you a price for %(title)s; the money is held."),
    "changes_asked": N_("%(member)s asks you to change your offer for %(title)s."),
    "changes_refused": N_("%(member)s keeps its offer for %(title)s as it is."),
    "offer_revised": N_("%(member)s has changed its offer for %(title)s."),
    "countered": N_("%(member)s answers with another price for %(title)s."),
    "offer_taken": N_("%(member)s took your offer for %(title)s; it is settled."),
    "offer_declined": N_("%(member)s declined your offer for %(title)s."),
    "bids_opened": N_("The bids of a tender that you are in were opened."),
    "approval_asked": N_("%(user)s asks a colleague to approve what is to be bought."),
    "approval_sent": N_("What %(user)s asked for was approved, and is done."),
    "approval_refused": N_(
        "What %(user)s asked for was approved, but the market refused it."
    ),
    "approval_unsent": N_(
        "What %(user)s asked for was approved, but did not reach the market in time:"
        " nothing was ordered."
    ),
    "approval_rejected": N_("%(user)s turned down, or took back, a request to buy."),
    "webhook_set": N_(
        "%(user)s set where a webhook sends your news: to %(host)s. Delete it if you do"
        " not know it."
    ),
    "webhook_disabled": N_(
        "A webhook of yours was switched off: its address took nothing for three days,"
        " or wants nothing more. What was not sent waits."
    ),
    "offer_lost": N_("%(member)s took another quote than yours for %(title)s."),
}


class Notice(NamedTuple):
    """One thing that a member is told."""

    id: int
    member: int
    kind: str
    product: int | None
    facts: dict[str, Any]
    at_us: int
    read_us: int | None


def notify(
    db: Connection,
    members: Iterable[int],
    kind: str,
    cause: str,
    product: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Tell *members* something once; return to how many it was new.

    How to use it: add the sentence to `KINDS`, then call this with a write connection

    - inside the transaction that makes it true, when that is an ordinary write (then
      it is told exactly if it is true), or
    - from a follower's step (see `marketplace.followers`), for what follows from
      records and changes by position; a step may run twice, because *cause* (for
      example ``f"search {number} {day}"``) is told to each member once only.

    *facts* fill the sentence; ``href`` among them, a path of this site, is where the
    notice leads (else to the page of *product*). Titles and names of products need
    not be facts: they are looked up in the reader's language, and a product that the
    reader may no longer see is not named.
    """
    assert kind in KINDS, kind
    assert 0 < len(cause) <= CAUSE_MAX, cause
    wanted = sorted({member for member in members if member > 0})[:RECIPIENTS_MAX]
    new = 0
    for start in range(0, len(wanted), AT_ONCE):
        chunk = wanted[start : start + AT_ONCE]
        told = select(notices.c.member).where(
            notices.c.cause == cause, notices.c.member.in_(chunk)
        )
        known = set(db.execute(told).scalars())
        fresh = [member for member in chunk if member not in known]
        if fresh:
            values = {
                "kind": kind,
                "cause": cause,
                "product": product,
                "facts": json.dumps(dict(facts or {}), ensure_ascii=False),
                "at_us": clock.now_us(),
            }
            db.execute(insert(notices), [values | {"member": m} for m in fresh])
        new += len(fresh)
    return new


def unread(db: Connection, member: int) -> int:
    """Return how many notices wait for *member*, at most COUNTED_MAX + 1."""
    waiting = (
        select(notices.c.id)
        .where(notices.c.member == member, notices.c.read_us.is_(None))
        .limit(COUNTED_MAX + 1)
    )
    return db.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def of_member(
    db: Connection,
    member: int,
    before: int | None = None,
    limit: int = PAGE_MAX,
    *,
    unread_only: bool = False,
) -> list[Notice]:
    """Return notices of *member*, newest first, before a number."""
    query = select(notices).where(notices.c.member == member)
    if before is not None:
        query = query.where(notices.c.id < before)
    if unread_only:
        query = query.where(notices.c.read_us.is_(None))
    query = query.order_by(notices.c.id.desc()).limit(limit)
    return [_notice(row) for row in db.execute(query)]


def after(db: Connection, position: int, limit: int = PAGE_MAX) -> list[Notice]:
    """Return all members' notices after *position*, ascending.

    What sends them elsewhere (mail, a webhook) follows this from where it stands, as
    the threads in `marketplace.followers` do.
    """
    query = select(notices).where(notices.c.id > position)
    query = query.order_by(notices.c.id).limit(limit)
    return [_notice(row) for row in db.execute(query)]


def read(db: Connection, member: int, notice: int) -> None:
    """Mark one notice of *member* as read; NotFound if it is not theirs."""
    mine = (notices.c.id == notice, notices.c.member == member)
    found = db.execute(select(notices.c.id).where(*mine)).first()
    if found is None:
        raise NotFound("notice", encode("notice", notice))
    _mark(db, *mine)


def read_all(db: Connection, member: int, until: int) -> int:
    """Mark the notices of *member* up to the number *until* as read; how many."""
    return _mark(db, notices.c.member == member, notices.c.id <= until)


def _mark(db: Connection, *which: Any) -> int:
    done = update(notices).where(*which, notices.c.read_us.is_(None))
    return db.execute(done.values(read_us=clock.now_us())).rowcount


def _notice(row: Any) -> Notice:
    return Notice(
        row.id,
        row.member,
        row.kind,
        row.product,
        json.loads(row.facts),
        row.at_us,
        row.read_us,
    )
