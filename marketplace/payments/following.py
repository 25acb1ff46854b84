"""Keeping up with the provider: ask for its lines, book each once, see what ended.

`CardDesk.step` may be interrupted anywhere and repeated: lines are booked under keys
made of the provider's own ids, and nothing rests on what a message said.
"""

from sqlalchemy import Connection, Engine, func, select

from marketplace.payments import checkouts, messages
from marketplace.payments.tables import foreign_lines
from marketplace.trading.carding import CloseDispute, EndCard, RecordLine
from marketplace.trading.gateway import Gateway
from settlement import clock, ids
from settlement.errors import (
    Busy,
    ExchangeHalted,
    NotFound,
    OutcomeUnknown,
    Refusal,
)
from settlement.money import BY_CODE
from settlement.payments.cards import GENERAL, SIGNS
from settlement.payments.provider import ForeignLine, Provider, ProviderDown
from settlement.payments.tables import cards
from settlement.store import upsert
from settlement.tables import payins

STEP_S = 2.0  # between looks for messages
LOOK_US = clock.MINUTE_US  # without a message: lost ones are made good after this
THOROUGH_US = clock.HOUR_US  # every page of the overlap is read, not only new ones
OVERLAP_US = 3 * clock.DAY_US  # lines are read again: some show up late
DISPUTES_MAX = 200  # asked after in one step
PROVIDER_ACTS = 0  # no user: the provider's own word


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
        except ProviderDown:
            return 0  # the message waits; so does the money, there
        self._looked_us = at_us
        if thorough:
            self._thorough_us = at_us
        if waiting is not None:
            with self._writes.begin() as db:
                messages.handled(db, waiting)
        return new

    def look(self, *, thorough: bool = True) -> int:
        """Ask the provider for everything that may be new; how many lines were."""
        self._ask_again()
        new = self._read_lines(thorough=thorough)
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
        with self._reads.connect() as db:
            waiting = checkouts.unanswered(db)
        for payin in waiting:
            checkouts.begin(self._writes, self._provider, payin)

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
        for payin, reference in waiting:
            outcome = self._provider.outcome(reference)
            if outcome:
                close = CloseDispute(PROVIDER_ACTS, payin, outcome == "won")
                self._gateway.submit(close, f"dispute-{reference}")

    def _see_ends(self) -> None:
        with self._reads.connect() as db:
            late = checkouts.overdue(db)
            paid = {row.payin: _is_paid(db, row.payin) for row in late}
        for row in late:
            over = paid[row.payin] or (
                row.session is None or self._provider.is_over(row.session)
            )
            if not over:
                continue
            if not paid[row.payin]:
                try:
                    end = EndCard(PROVIDER_ACTS, row.payin)
                    self._gateway.submit(end, f"end-{row.payin}")
                except NotFound:
                    pass  # ended before
            with self._writes.begin() as db:
                checkouts.close(db, row.payin)


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
