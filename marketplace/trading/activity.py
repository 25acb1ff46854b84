"""How many orders each member has placed, this second and today, and what traded.

Only what was accepted counts: a refusal leaves no trace. All of it follows from the
records of orders and trades, so that a writer that starts anew knows it, too.
"""

from collections.abc import Iterable

from marketplace.trading.timetable import MINUTE_US, day_of

SECOND_US = MINUTE_US // 60
Pair = tuple[int, int]  # member, instrument


class Activity:
    """Counts of the present second and the present day of the exchange."""

    __slots__ = ("_day", "_placed", "_second", "_seconds", "_traded")

    def __init__(self) -> None:
        """Start with none."""
        self._second = self._day = -1
        self._seconds: dict[int, int] = {}  # member → orders in the second
        self._placed: dict[Pair, int] = {}
        self._traded: dict[Pair, int] = {}

    def note_order(self, member: int, instrument: int, at_us: int) -> None:
        """Count an order that was accepted."""
        second = at_us // SECOND_US
        if second != self._second:
            self._second, self._seconds = second, {}
            self._turn(at_us)
        seconds, placed, pair = self._seconds, self._placed, (member, instrument)
        seconds[member] = seconds.get(member, 0) + 1
        placed[pair] = placed.get(pair, 0) + 1

    def note_trade(self, buyer: int, seller: int, instrument: int, at_us: int) -> None:
        """Count a trade for both of its parties."""
        if at_us // SECOND_US != self._second:  # by a timetable, without an order
            self._turn(at_us)
        traded = self._traded
        for pair in ((buyer, instrument), (seller, instrument)):
            traded[pair] = traded.get(pair, 0) + 1

    def in_second(self, member: int, at_us: int) -> int:
        """Return how many orders the member has placed in the second of *at_us*."""
        if at_us // SECOND_US != self._second:
            return 0
        return self._seconds.get(member, 0)

    def today(self, member: int, instrument: int, at_us: int) -> Pair:
        """Return how many orders and trades the member has had in an instrument."""
        if day_of(at_us) != self._day:
            return 0, 0
        pair = (member, instrument)
        return self._placed.get(pair, 0), self._traded.get(pair, 0)

    def restore(
        self,
        orders: Iterable[tuple[int, int, int]],
        trades: Iterable[tuple[int, int, int, int]],
    ) -> None:
        """Count again what the records have, each in its order of time."""
        for member, instrument, at_us in orders:
            self.note_order(member, instrument, at_us)
        for buyer, seller, instrument, at_us in trades:
            if day_of(at_us) >= self._day:
                self.note_trade(buyer, seller, instrument, at_us)

    def state(self) -> tuple[object, ...]:
        """Return all counts as one value."""
        counts = (self._seconds, self._placed, self._traded)
        return self._second, self._day, [sorted(count.items()) for count in counts]

    def _turn(self, at_us: int) -> None:
        """Begin a new day, if it is one."""
        day = day_of(at_us)
        if day != self._day:
            self._day, self._placed, self._traded = day, {}, {}
