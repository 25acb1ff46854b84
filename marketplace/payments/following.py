"""Keeping up with the provider: ask for its lines, book each once, see what ended.

`CardDesk.step` may be interrupted anywhere and repeated: lines are booked under keys
made of the provider's own ids, and nothing rests on what a message said. What the
provider does not answer for one payment holds up no other.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from marketplace.payments import checkouts, messages
from marketplace.payments.checkouts import PROVIDER_ACTS
from marketplace.payments.tables import foreign_lines
from marketplace.trading.carding import CloseDispute, RecordLine
from marketplace.trading.gateway import Gateway
from settlement import clock, ids
from settlement.errors import (
    Busy,
    ExchangeHalted,
    OutcomeUnknown,
    Refusal,
)
from settlement.money import BY_CODE
from settlement.payments.cards import GENERAL, SIGNS
from settlement.payments.provider import (
    ForeignLine,
    Provider,
    ProviderDown,
    ProviderRefused,
)
from settlement.payments.tables import cards
from settlement.store import upsert
from settlement.tables import payins

STEP_S = 2.0  # between looks for messages
LOOK_US = clock.MINUTE_US  # without a message: lost ones are made good after this
THOROUGH_US = clock.HOUR_US  # every page of the overlap is read, not only new ones
OVERLAP_US = 3 * clock.DAY_US  # lines are read again: some show up late
DISPUTES_MAX = 200  # asked after in one step
DOWN_MAX = 3  # questions without an answer, after which the rest wait for the next look

log = logging.getLogger(__name__)


class CardDesk:
    """Books what the provider's account says."""

    def __init__(
        self, provider: Provider, reads: Engine, writes: Engine, gateway: Gateway
    ) -> None:
        """Ask *provider*; submit to *gateway*; keep what was read by *writes*."""
        self._provider = provider
        self._reads = reads
        self._writes = writes
        self._gateway = gateway
        self._looked_us = self._thorough_us = 0

    def step(self) -> int:
        """Look if a message waits or it is time; how many lines were new."""
        with self._reads.connect() as db:
            waiting = messages.newest_waiting(db)
        at_us = clock.now_us()
        if waiting is None and at_us < self._looked_us + LOOK_US:
            return 0
        thorough = at_us >= self._thorough_us + THOROUGH_US
        try:
            new = self.look(thorough=thorough)
        except (ProviderDown, ProviderRefused) as error:
            log.warning("lines of cards: %s", error.__cause__ or error.code)
            return 0  # the message waits; so does the money, there
        self._looked_us = at_us
        if thorough:
            self._thorough_us = at_us
        if waiting is not None:
            with self._writes.begin() as db:
                messages.handled(db, waiting)
        return new

    def look(self, *, thorough: bool = True) -> int:
        """Ask the provider for everything that may be new; how many lines were.

        ProviderDown if it does not tell its lines; they come first.
        """
        new = self._read_lines(thorough=thorough)
        self._ask_again()
        self._see_disputes()
        self._see_ends()
        return new

    def book(self, line: ForeignLine) -> str:
        """Book one line under its own key; why it is refused, or ""."""
        if line.kind not in SIGNS or line.currency not in BY_CODE:
            return "unknown_kind" if line.currency in BY_CODE else "unknown_currency"
        try:
            general = line.kind in GENERAL
            payin = 0 if general else ids.decode("payin", line.payin)
            self._gateway.submit(
                RecordLine(
                    PROVIDER_ACTS, line.line, line.kind, payin, line.reference,
                    BY_CODE[line.currency].asset, line.amount, line.fee, line.at_us,
                ),
                f"line-{line.line}",
            )  # fmt: skip
        except (Busy, ExchangeHalted, OutcomeUnknown):
            raise  # asked again at the next look
        except Refusal as refusal:
            return refusal.code
        return ""

    def _ask_again(self) -> None:
        """Ask for the pages whose answer never came, under the same keys."""
        with self._writes.begin() as db:
            checkouts.note_missing(db)
        with self._reads.connect() as db:
            waiting = checkouts.unanswered(db)
        _each("page", waiting, self._ask)

    def _ask(self, payin: int) -> None:
        try:
            checkouts.begin(self._writes, self._provider, payin)
        except ProviderRefused:
            checkouts.give_up(self._writes, self._gateway, payin)
            raise

    def _read_lines(self, *, thorough: bool) -> int:
        with self._reads.connect() as db:
            newest_us = db.scalar(select(func.max(foreign_lines.c.at_us))) or 0
        since_s = max(0, newest_us - OVERLAP_US) // clock.SECOND_US
        pages: list[list[ForeignLine]] = []
        for page in self._provider.pages(since_s):
            fresh = self._unknown(page)
            pages.append(fresh)
            if not fresh and not thorough:
                break
        new = [line for page in pages for line in page]
        new.sort(key=lambda line: (line.at_us, line.kind != "charge", line.line))
        for line in new:
            self._take(line)
        return len(new)

    def _unknown(self, page: list[ForeignLine]) -> list[ForeignLine]:
        """Return the lines of a page that are not on record."""
        query = select(foreign_lines.c.line).where(
            foreign_lines.c.line.in_([line.line for line in page])
        )
        with self._reads.connect() as db:
            known = set(db.execute(query).scalars())
        return [line for line in page if line.line not in known]

    def _take(self, line: ForeignLine) -> None:
        refused = self.book(line)
        with self._writes.begin() as db:
            upsert(db, foreign_lines, [(*line, clock.now_us(), refused)])

    def _see_disputes(self) -> None:
        with self._reads.connect() as db:
            waiting = _disputed(db)
        _each("dispute", waiting, self._see_dispute)

    def _see_dispute(self, disputed: tuple[int, str]) -> None:
        payin, reference = disputed
        ended = self._provider.outcome(reference)
        if ended is not None:
            close = CloseDispute(PROVIDER_ACTS, payin, ended.won)
            self._gateway.submit(close, f"dispute-{ended.dispute}")

    def _see_ends(self) -> None:
        with self._reads.connect() as db:
            late = checkouts.overdue(db)
        _each("end", [(row.payin, row.session) for row in late], self._see_end)

    def _see_end(self, late: tuple[int, str | None]) -> None:
        payin, session = late
        with self._reads.connect() as db:
            paid = _is_paid(db, payin)
        if paid:
            with self._writes.begin() as db:
                checkouts.close(db, payin)
        elif session is None or self._provider.is_over(session):
            checkouts.give_up(self._writes, self._gateway, payin)


def _each(what: str, those: Iterable[Any], see: Callable[[Any], None]) -> None:
    """See to each of *those*; one that fails is logged, and holds up no other."""
    down = 0
    for one in those:
        try:
            see(one)
        except (Busy, ExchangeHalted, OutcomeUnknown):
            raise  # ours, and of no one payment: asked again at the next look
        except Refusal as refusal:
            log.warning("%s of %s: %s", what, one, refusal.__cause__ or refusal.code)
            down += isinstance(refusal, ProviderDown)
            if down == DOWN_MAX:
                return


def _disputed(db: Connection) -> list[tuple[int, str]]:
    query = (
        select(payins.c.id, cards.c.reference)
        .join(cards, cards.c.payin == payins.c.id)
        .where(payins.c.state == "disputed")
        .order_by(payins.c.id)
        .limit(DISPUTES_MAX)
    )
    return [(number, reference) for number, reference in db.execute(query)]


def _is_paid(db: Connection, payin: int) -> bool:
    return bool(db.scalar(select(cards.c.captured).where(cards.c.payin == payin)))
