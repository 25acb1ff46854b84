"""Cancel on disconnect: a member's orders do not outlive the stream it watches by."""

from dataclasses import dataclass
from threading import Event

import structlog

from marketplace.members.users import User
from marketplace.services import Services
from marketplace.streams.feed import Feed
from marketplace.trading import reads
from marketplace.trading.commands import CancelOrder
from settlement.errors import Busy, Refusal
from settlement.store import PAGE_MAX

CANCEL_AFTER_MAX = 60  # seconds in which a stream may come back
TRIES = 10  # to cancel one order while the exchange is busy

log = structlog.get_logger()


@dataclass(eq=False)
class CannotWatch(Refusal):
    """Several processes serve this exchange; none sees the end of all your streams."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Cancels what a user's key has waiting when its last stream has ended.

    Posted prices stay: they are a vendor's shop, not a quote that must be watched. So
    do orders when the exchange itself stops: nobody could have kept the stream.
    """

    parts: Services
    feed: Feed
    user: User
    after_s: int

    @property
    def key(self) -> tuple[str, int, int | None]:
        """Return what is watched: the user, by one of its keys or by its browser."""
        return ("disconnect", self.user.id, self.user.key)

    def begin(self) -> None:
        """Note that a stream is open."""
        self.feed.watch(self.key)

    def end(self) -> None:
        """Note that a stream has ended: cancel, unless one comes back in time."""
        self.feed.unwatch(self.key, self.after_s, self.cancel)

    def cancel(self) -> int:
        """Cancel the waiting orders that the user placed; return how many."""
        orders = _waiting(self.parts, self.user)
        cancelled = sum(map(self._cancel, orders))
        log.info("disconnect.cancelled", user=self.user.id, orders=cancelled)
        return cancelled

    def _cancel(self, order: int) -> bool:
        command = CancelOrder(self.user.id, self.user.member, order)
        for _ in range(TRIES):
            try:
                self.parts.gateway.submit(command)
            except Busy as busy:
                Event().wait(busy.retry_after_s)
            except Refusal as refusal:  # filled or cancelled meanwhile
                log.info("disconnect.not_cancelled", order=order, refusal=refusal.code)
                return False
            else:
                return True
        return False


def _waiting(parts: Services, user: User) -> list[int]:
    found: list[int] = []
    before: int | None = None
    while True:
        with parts.reads.connect() as db:
            page = reads.orders_of(db, user.member, before, PAGE_MAX, live=True)
        found += [
            row.id for row in page.rows if row.by_user == user.id and not row.evergreen
        ]
        before = page.before
        if before is None:
            return found
