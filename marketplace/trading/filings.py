"""Filed deals (备案): made elsewhere, entered by one side with evidence, confirmed.

They are kept apart from trades: no price, candle, book or statistic of the market rests
on them, and no money or right moves. Source: domain §5 (filed), issue 4 (9).
"""

from dataclasses import dataclass
from enum import StrEnum

from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine

TITLE_MAX = 200  # characters
NOTE_MAX = 2_000
OPEN_MAX = 200  # filings of one member that wait


class FilingState(StrEnum):
    """Where a filed deal stands."""

    ENTERED = "entered"
    CONFIRMED = "confirmed"
    CONTESTED = "contested"
    WITHDRAWN = "withdrawn"
    REGISTERED = "registered"
    REFUSED = "refused"


class FilingEvent(StrEnum):
    """What can happen to a filed deal."""

    CONFIRM = "confirm"
    CONTEST = "contest"
    WITHDRAW = "withdraw"
    REGISTER = "register"
    REFUSE = "refuse"


_S, _E = FilingState, FilingEvent
FILING = Machine(
    "filing",
    {
        (_S.ENTERED, _E.CONFIRM): _S.CONFIRMED,
        (_S.ENTERED, _E.CONTEST): _S.CONTESTED,
        (_S.ENTERED, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.CONFIRMED, _E.REGISTER): _S.REGISTERED,
        (_S.CONFIRMED, _E.REFUSE): _S.REFUSED,
    },
)
LIVE = (_S.ENTERED, _S.CONFIRMED)


@dataclass(eq=False)
class TooManyFilings(Refusal):
    """The member has as many filed deals waiting as it may have."""

    filings_max: int


@dataclass(slots=True, eq=False)
class Filing:
    """One filed deal, in the order of the table's columns."""

    number: int
    seq: int
    at_us: int
    by: int
    seller: int
    buyer: int
    filer: int
    title: str
    currency: int
    amount: int  # minor units
    dealt_us: int
    note: str
    evidence: str  # SHA-256 of the file
    state: FilingState = FilingState.ENTERED
    confirmed_by: int | None = None
    decided_by: int | None = None
    reason: str = ""

    @property
    def other(self) -> int:
        """Return who has to confirm."""
        return self.buyer if self.filer == self.seller else self.seller

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.seller, self.buyer,
            self.filer, self.title, self.currency, self.amount, self.dealt_us,
            self.note, self.evidence, str(self.state), self.confirmed_by,
            self.decided_by, self.reason,
        )  # fmt: skip


class Filings:
    """The filed deals that wait for somebody."""

    def __init__(self) -> None:
        """Start with none."""
        self.live: dict[int, Filing] = {}
        self.last = 0
        self.changed: dict[int, Filing] = {}
        self._open: dict[int, int] = {}  # who filed → how many

    def open(self, filing: Filing) -> None:
        """Take a new filing up; TooManyFilings beyond the filer's limit."""
        if self._open.get(filing.filer, 0) >= OPEN_MAX:
            raise TooManyFilings(OPEN_MAX)
        self.last = filing.number
        self.changed[filing.number] = filing
        self.restore(filing)

    def restore(self, filing: Filing) -> None:
        """Take over a filing that waits, from the records."""
        self.live[filing.number] = filing
        self._open[filing.filer] = self._open.get(filing.filer, 0) + 1

    def get(self, number: int) -> Filing:
        """Return a filing that waits; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("filing", encode("filing", max(0, number)))
        return found

    def move(self, filing: Filing, event: FilingEvent, reason: str = "") -> None:
        """Apply *event*; what waits for nobody any more is forgotten."""
        filing.state = FILING.after(filing.state, event)
        filing.reason = reason
        self.changed[filing.number] = filing
        if filing.state not in LIVE:
            del self.live[filing.number]
            self._open[filing.filer] -= 1
            if not self._open[filing.filer]:
                del self._open[filing.filer]
