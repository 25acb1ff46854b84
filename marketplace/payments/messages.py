"""The provider's messages: verified, kept once, and then only a reason to look."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.payments.tables import messages
from settlement import clock
from settlement.payments.provider import Message

SHOWN_MAX = 100


def keep(db: Connection, message: Message, *, live: bool) -> bool:
    """Keep a message; false if it is known. One of the other world is ignored."""
    at_us, other = clock.now_us(), message.live != live
    try:
        with db.begin_nested():
            db.execute(
                insert(messages).values(
                    message=message.id[:200],
                    kind=message.kind[:100],
                    received_us=at_us,
                    handled_us=at_us if other else None,
                    ignored=int(other),
                )
            )
    except IntegrityError:
        return False
    return True


def newest_waiting(db: Connection) -> int | None:
    """Return the newest message that nobody has looked into, or None."""
    query = select(messages.c.id).where(messages.c.handled_us.is_(None))
    return db.scalar(query.order_by(messages.c.id.desc()).limit(1))


def handled(db: Connection, until: int) -> None:
    """Note that all messages up to *until* have been looked into."""
    which = (messages.c.id <= until) & messages.c.handled_us.is_(None)
    db.execute(update(messages).where(which).values(handled_us=clock.now_us()))


def replay(db: Connection, since_us: int) -> int:
    """Have every message since then looked into again; how many there are."""
    which = (messages.c.received_us >= since_us) & (messages.c.ignored == 0)
    return int(
        db.execute(update(messages).where(which).values(handled_us=None)).rowcount
    )


def latest(db: Connection) -> list[Row[Any]]:
    """Return the newest messages, for the desk."""
    query = select(messages).order_by(messages.c.id.desc()).limit(SHOWN_MAX)
    return list(db.execute(query))
