"""Webhooks of a member: where they lead, what they tell, their secrets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from listings.marking import N_
from marketplace import rotation
from marketplace.community.notices import notify
from marketplace.community.tables import notices
from marketplace.members.users import User
from marketplace.outgoing import NotReachable, checked
from marketplace.vault import Vault
from marketplace.webhooks.envelopes import new_secret
from marketplace.webhooks.tables import messages, webhooks
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import Page, next_numbers, page
from settlement.tables import journal, writer

# What may be told → what it is called.
FAMILIES = {
    "trade": N_("Trades, and what becomes of them"),
    "delivery": N_("Deliveries under rights"),
    "right": N_("Rights suspended, restored, revoked, soon to end"),
    "release": N_("Releases of what you hold or follow"),
    "dispute": N_("Disputes opened and ended"),
    "payin": N_("Pay-ins"),
    "payout": N_("Payouts"),
    "notice": N_("All other notices"),
}
WEBHOOKS_MAX = 10  # of one member
WRONG = N_("Give an https address in public, such as https://example.com/hook.")
CHOOSE = N_("Choose at least one.")
NO_POSITION = N_("There is no such position of the journal.")
_w, _m = webhooks.c, messages.c


@dataclass(eq=False)
class TooManyWebhooks(Refusal):
    """This member has as many webhooks as it may have; delete one first."""

    maximum: int


class Made(NamedTuple):
    """A webhook with a new *secret*, which is shown this once."""

    id: int
    secret: str


def create(
    db: Connection,
    vault: Vault,
    user: User,
    url: str,
    families: Iterable[str],
    language: str,
    reachable: Iterable[str] = (),
) -> Made:
    """Make a webhook that tells what happens from now on.

    Invalid if the address is none of the public web or nothing is chosen;
    TooManyWebhooks above WEBHOOKS_MAX. *reachable* may be called in tests.
    """
    values = _said(url, families, reachable)
    if len(of_member(db, user.member)) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(WEBHOOKS_MAX)
    (number,) = next_numbers(db, _w.id)
    secret = new_secret()
    _tell(db, user, number, url)
    db.execute(
        insert(webhooks).values(
            **values,
            id=number,
            member=user.member,
            by_user=user.id,
            language=language,
            sealed=vault.lock(secret),
            sealed_before="",
            overlap_us=0,
            state="active",
            position=db.scalar(select(writer.c.seq)) or 0,
            notice=db.scalar(select(func.max(notices.c.id))) or 0,
            created_us=clock.now_us(),
            tries=0,
            next_us=0,
            lease_us=0,
        )
    )
    return Made(number, secret)


def change(
    db: Connection,
    user: User,
    webhook: int,
    url: str,
    families: Iterable[str],
    reachable: Iterable[str] = (),
) -> None:
    """Change where a webhook leads and what it tells; Invalid, NotFound.

    From then on it is this user's, as a new one would be.
    """
    values = _said(url, families, reachable)
    if get(db, webhook, user.member).url != url:
        _tell(db, user, webhook, url)
    mine = update(webhooks).where(_w.id == webhook)
    db.execute(mine.values(**values, by_user=user.id))


def rotate(db: Connection, vault: Vault, member: int, webhook: int) -> Made:
    """Give a webhook a new secret; for a day the old one signs too."""
    old = get(db, webhook, member)
    secret = new_secret()
    values = {
        "sealed": vault.lock(secret),
        "sealed_before": old.sealed,
        "overlap_us": rotation.until_us(),
    }
    db.execute(update(webhooks).where(_w.id == webhook).values(values))
    return Made(webhook, secret)


def secrets_of(vault: Vault, row: Row[Any], at_us: int) -> list[str]:
    """Return the secrets that sign at a moment, the newest first."""
    sealed = [row.sealed]
    if row.sealed_before and at_us < row.overlap_us:
        sealed.append(row.sealed_before)
    return [vault.unlock(one) for one in sealed]


def switch(db: Connection, member: int, webhook: int, *, on: bool) -> None:
    """Pause a webhook, or let it go on where it stopped; nothing is left out."""
    get(db, webhook, member)
    values: dict[str, Any] = {"state": "active" if on else "paused"}
    if on:
        values |= {"tries": 0, "failing_us": None, "next_us": 0}
    db.execute(update(webhooks).where(_w.id == webhook).values(values))


def replay(db: Connection, member: int, webhook: int, position: int) -> None:
    """Tell again all that came after a *position* of the journal, in order.

    What still waits is told in its turn. Notices are told again from the time of that
    record on. Invalid if there is no such position.
    """
    found = get(db, webhook, member)
    last = db.scalar(select(writer.c.seq)) or 0
    if not 0 <= position <= last:
        raise Invalid({"position": [NO_POSITION]})
    since = select(journal.c.at_us).where(journal.c.seq == position)
    at_us = db.scalar(since) or 0
    told = select(func.max(notices.c.id)).where(notices.c.at_us <= at_us)
    notice = db.scalar(told) or 0
    waiting = delete(messages).where(
        _m.webhook == webhook,
        _m.state == "waiting",
        _m.tries == 0,
        _m.at_us > at_us,
    )
    db.execute(waiting)
    values = {
        "position": min(position, found.position),
        "notice": min(notice, found.notice),
    }
    db.execute(update(webhooks).where(_w.id == webhook).values(values))


def remove(db: Connection, member: int, webhook: int) -> None:
    """Delete a webhook with its messages; NotFound unless it is the member's."""
    get(db, webhook, member)
    db.execute(delete(messages).where(_m.webhook == webhook))
    db.execute(delete(webhooks).where(_w.id == webhook))


# ── reads ──


def get(db: Connection, webhook: int, member: int | None = None) -> Row[Any]:
    """Return a webhook; NotFound if there is none, or not of *member* if given."""
    row = db.execute(select(webhooks).where(_w.id == webhook)).one_or_none()
    if row is None or member not in (None, row.member):
        raise NotFound("webhook", encode("webhook", webhook))
    return row


def of_member(db: Connection, member: int) -> list[Row[Any]]:
    """Return the member's webhooks, newest first."""
    query = select(webhooks).where(_w.member == member).order_by(_w.id.desc())
    return list(db.execute(query))


def messages_of(
    db: Connection, webhook: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of a webhook's messages, newest first."""
    query = select(messages).where(_m.webhook == webhook)
    if before is not None:
        query = query.where(_m.id < before)
    return page(db.execute(query.order_by(_m.id.desc()).limit(limit + 1)).all(), limit)


def _tell(db: Connection, user: User, webhook: int, url: str) -> None:
    """Tell the member who sends its news where; the path may be a secret."""
    cause = f"webhook set {webhook} {user.id} {clock.now_us()}"
    href = f"/account/webhooks/{encode('webhook', webhook)}"
    facts = {"user": user.name, "host": urlsplit(url).hostname, "href": href}
    notify(db, [user.member], "webhook_set", cause, None, facts)


def _said(
    url: str, families: Iterable[str], reachable: Iterable[str]
) -> dict[str, str]:
    problems = {}
    try:
        checked(url, tuple(reachable), secure=True)
    except NotReachable:
        problems["url"] = [WRONG]
    wanted = set(families)
    if not wanted or not wanted <= FAMILIES.keys():
        problems["families"] = [CHOOSE]
    if problems:
        raise Invalid(problems)
    return {"url": url, "families": " ".join(sorted(wanted))}
