"""A desk keeps the payments that are under way, and what changed for the records."""

from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

from settlement.errors import NotFound
from settlement.ids import encode


class Payment(Protocol):
    """What payins and payouts have in common."""

    number: int
    state: str

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""


class Arrival(NamedTuple):
    """A payment reached a state: when and by whom."""

    kind: str
    subject: int
    state: str
    seq: int
    at_us: int
    by_user: int


Item = TypeVar("Item", bound=Payment)


class Desk(Generic[Item]):
    """The payments of one kind that are not final."""

    kind: ClassVar[str]
    final: ClassVar[frozenset[str]]

    def __init__(self) -> None:
        """Start with none."""
        self.waiting: dict[int, Item] = {}
        self.last = 0
        self.opened: list[Item] = []  # new since the last drain
        self.changed: dict[int, Item] = {}
        self.arrivals: list[Arrival] = []

    def open(self, item: Item, by: int, seq: int, at_us: int) -> int:
        """Put a new payment on the desk; its number."""
        self.last = item.number
        self.waiting[item.number] = item
        self.opened.append(item)
        self._note(item, by, seq, at_us)
        return item.number

    def get(self, number: int) -> Item:
        """Return a payment under way; NotFound if there is none (any more)."""
        found = self.waiting.get(number)
        if found is None:
            raise NotFound(self.kind, encode(self.kind, number))
        return found

    def move(self, item: Item, state: str, by: int, seq: int, at_us: int) -> None:
        """Bring *item* into *state* and note the arrival."""
        item.state = state
        self.changed[item.number] = item
        self._note(item, by, seq, at_us)
        if state in self.final:
            self.waiting.pop(item.number, None)

    def mark(self, item: Item, state: str) -> None:
        """Bring *item* into a *state* that it has been in before."""
        item.state = state
        self.changed[item.number] = item

    def _note(self, item: Item, by: int, seq: int, at_us: int) -> None:
        self.arrivals.append(
            Arrival(self.kind, item.number, str(item.state), seq, at_us, by)
        )
