"""The queue of each webhook: filled from the journal by position, emptied in order.

Whoever fills it first reads and renders, then moves the webhook's position on and adds
the messages in one transaction, if nobody did so meanwhile. Whoever sends holds the
webhook's lease: what another process recorded since is never recorded over.
"""

import random
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from marketplace.community.notices import notify
from marketplace.community.tables import notices
from marketplace.members.tables import members, users
from marketplace.webhooks.envelopes import envelope
from marketplace.webhooks.tables import messages, webhooks
from settlement import clock
from settlement.ids import encode
from settlement.store import next_numbers
from settlement.tables import writer

RECORDS_MAX = 500  # of the journal that are looked at in one step
NOTICES_MAX = 200
WAITING_MAX = 1_000  # messages of one webhook; the journal keeps the rest
LAG_MAX = 100  # records without an event, before the position is written
KEPT_US = 30 * clock.DAY_US  # that a sent message is shown
SETTLED_US = 2 * clock.SECOND_US  # a notice may be seen after one with a later number
LEASE_US = clock.MINUTE_US
FIRST_US, LAST_US = 5 * clock.SECOND_US, 6 * clock.HOUR_US  # between two tries
FACTOR = 3
SLOW_US = 3 * clock.SECOND_US  # an answer that takes longer makes its webhook rest
END_US = 3 * clock.DAY_US  # of failing, after which a webhook is switched off
GONE = 410  # the address wants nothing more
TEST = "test"
_w, _m = webhooks.c, messages.c
_waits = (_m.webhook == _w.id) & (_m.state == "waiting")
_FULL = (
    select(func.count()).where(_waits).correlate(webhooks).scalar_subquery()
    >= WAITING_MAX
)
# On, and for somebody who may still be told: a verified member, an enabled user.
_LIVE = (
    (_w.state == "active")
    & exists().where(members.c.id == _w.member, members.c.state == "verified")
    & exists().where(users.c.id == _w.by_user, users.c.disabled == 0)
)


class Event(NamedTuple):
    """Something that happened, as one member is told."""

    member: int
    type: str  # family and what happened, "trade.made"
    subject: str  # public id of what it happened to
    position: int  # of the journal; 0: a notice
    at_us: int
    data: Any

    @property
    def id(self) -> str:
        """Return what it is known by however often it is told; without a full stop."""
        what = self.type.replace(".", "-")
        place = f"{self.position}-" if self.position else ""
        return f"{place}{what}-{self.subject}-{encode('member', self.member)}"


class Outcome(NamedTuple):
    """What became of one try."""

    status: int | None
    why: str  # code, why there was no answer
    latency_us: int | None

    @property
    def is_well(self) -> bool:
        """Tell whether the address took the message."""
        return self.status is not None and 200 <= self.status < 300


# (webhooks, after record, to record, after notice, to notice) → what each is told
Teller = Callable[
    [Connection, Sequence[Row[Any]], int, int, int, int], dict[int, list[Event]]
]


class Step(NamedTuple):
    """Where a webhook goes on to, and what comes into its queue on the way."""

    webhook: Row[Any]
    position: int
    notice: int
    events: list[Event]


def ahead(db: Connection, tell: Teller) -> list[Step]:
    """Return the next step of every webhook that has one to take.

    One whose queue is full takes none, before anything is rendered for it.
    """
    last = db.scalar(select(writer.c.seq)) or 0
    seen = select(func.max(notices.c.id))
    newest = db.scalar(seen.where(notices.c.at_us <= clock.now_us() - SETTLED_US)) or 0
    behind = (_w.position < last) | (_w.notice < newest)
    found = db.execute(select(webhooks).where(_LIVE, behind, ~_FULL)).all()
    groups: dict[tuple[int, int], list[Row[Any]]] = {}
    for row in found:
        groups.setdefault((row.position, row.notice), []).append(row)
    steps = []
    for (position, notice), rows in groups.items():
        to = max(position, min(last, position + RECORDS_MAX))
        until = max(notice, min(newest, notice + NOTICES_MAX))
        told = tell(db, rows, position, to, notice, until)
        for row in rows:
            events = sorted(told.get(row.id, []), key=lambda event: event.at_us)
            if events or to - position >= LAG_MAX or until > notice:
                steps.append(Step(row, to, until, events))
    return steps


def fill(db: Connection, step: Step) -> bool:
    """Take a step unless another process did; tell whether."""
    mine = update(webhooks).where(
        _w.id == step.webhook.id,
        _w.state == "active",
        _w.position == step.webhook.position,
        _w.notice == step.webhook.notice,
    )
    moved = mine.values(position=step.position, notice=step.notice)
    if not db.execute(moved).rowcount:
        return False
    add(db, step.webhook.id, step.events)
    return True


def add(db: Connection, webhook: int, events: Collection[Event]) -> None:
    """Put messages at the end of a webhook's queue; forget what is long sent."""
    if not events:
        return
    old = (_m.webhook == webhook) & (_m.done_us < clock.now_us() - KEPT_US)
    db.execute(delete(messages).where(old))
    numbers = next_numbers(db, _m.id, len(events))
    rows = [
        _row(webhook, number, event)
        for number, event in zip(numbers, events, strict=True)
    ]
    db.execute(insert(messages), rows)


def add_test(db: Connection, row: Row[Any], data: Any) -> Row[Any]:
    """Keep a test message, which is sent at once and once; return it."""
    (number,) = next_numbers(db, _m.id)
    subject = encode("message", number)
    event = Event(row.member, TEST, subject, 0, clock.now_us(), data)
    values = _row(row.id, number, event)
    values |= {"state": "failed", "done_us": clock.now_us()}
    db.execute(insert(messages).values(values))
    return db.execute(select(messages).where(_m.id == number)).one()


def record_test(db: Connection, message: int, outcome: Outcome) -> None:
    """Record what became of a test."""
    state = "delivered" if outcome.is_well else "failed"
    values = outcome._asdict() | {"state": state, "tries": 1}
    values["done_us"] = clock.now_us()
    db.execute(update(messages).where(_m.id == message).values(values))


def waiting(db: Connection, webhook: int) -> int:
    """Return how many messages of a webhook wait."""
    query = select(func.count()).where(_m.webhook == webhook, _m.state == "waiting")
    return db.scalar(query) or 0


def due(db: Connection) -> list[Row[Any]]:
    """Return webhooks with something to send now that nobody sends of: id, member.

    Who had its turn last comes last.
    """
    now_us = clock.now_us()
    query = select(_w.id, _w.member).where(
        *(_LIVE, _w.next_us <= now_us, _w.lease_us <= now_us),
        exists().where(_waits),
    )
    return list(db.execute(query.order_by(_w.next_us, _w.id)))


def claim(db: Connection, webhook: int) -> Row[Any] | None:
    """Take the lease of a webhook; None if another process was faster."""
    now_us = clock.now_us()
    free = update(webhooks).where(
        _w.id == webhook,
        _LIVE,
        _w.next_us <= now_us,
        _w.lease_us <= now_us,
    )
    taken = free.values(lease_us=now_us + LEASE_US).returning(*webhooks.c)
    return db.execute(taken).one_or_none()


def head(db: Connection, webhook: int) -> Row[Any] | None:
    """Return the message that is next to be sent."""
    query = select(messages).where(_m.webhook == webhook, _m.state == "waiting")
    return db.execute(query.order_by(_m.id).limit(1)).one_or_none()


def record(
    db: Connection, row: Row[Any], message: Row[Any], outcome: Outcome
) -> Row[Any] | None:
    """Record a try under the lease of *row*; the webhook as it is now.

    None if it is not to go on: the lease was lost, it failed, it was paused, or the
    answer was slow: then it rests FACTOR times as long as that took.
    """
    now_us = clock.now_us()
    tries, since = 0, None
    values: dict[str, Any] = {"lease_us": now_us + LEASE_US, "next_us": 0}
    slow = outcome.is_well and (outcome.latency_us or 0) > SLOW_US
    if slow:
        values = {"lease_us": 0, "next_us": now_us + FACTOR * (outcome.latency_us or 0)}
    elif not outcome.is_well:
        tries, since = row.tries + 1, row.failing_us or now_us
        values = {"lease_us": 0, "next_us": now_us + pause_us(tries)}
        if outcome.status == GONE or now_us - since >= END_US:
            values["state"] = "disabled"
    mine = update(webhooks).where(_w.id == row.id, _w.lease_us == row.lease_us)
    changed = mine.values(tries=tries, failing_us=since, **values)
    found = db.execute(changed.returning(*webhooks.c)).one_or_none()
    if found is None:
        return None
    told = outcome._asdict() | {"tries": message.tries + 1}
    if outcome.is_well:
        told |= {"state": "delivered", "done_us": now_us}
    db.execute(update(messages).where(_m.id == message.id).values(told))
    if found.state == "disabled":
        cause = f"webhook {row.id} {now_us}"
        href = f"/account/webhooks/{encode('webhook', row.id)}"
        notify(db, [row.member], "webhook_disabled", cause, None, {"href": href})
    goes_on = outcome.is_well and not slow and found.state == "active"
    return found if goes_on else None


def free(db: Connection, row: Row[Any]) -> None:
    """Give a lease back; others that wait come before its next turn."""
    mine = update(webhooks).where(_w.id == row.id, _w.lease_us == row.lease_us)
    db.execute(mine.values(lease_us=0, next_us=clock.now_us()))


def pause_us(tries: int) -> int:
    """Return how long to wait after so many failures, give or take a fifth."""
    times: int = FACTOR ** min(tries - 1, 20)
    whole = min(LAST_US, FIRST_US * times)
    return whole + random.SystemRandom().randint(-whole // 5, whole // 5)


def _row(webhook: int, number: int, event: Event) -> dict[str, Any]:
    body = envelope(
        *(event.id, event.type, event.subject, event.at_us, event.position),
        event.data,
    )
    return {
        "id": number,
        "webhook": webhook,
        "event": event.id,
        "type": event.type,
        "position": event.position,
        "at_us": event.at_us,
        "body": body,
        "state": "waiting",
        "tries": 0,
        "why": "",
    }
