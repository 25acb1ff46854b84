"""Attempts: what a call reserves, notes and gives back, however it ends."""

from dataclasses import dataclass
from typing import Self

from marketplace.metering.gate import Admitted
from marketplace.metering.meter import Answered, Begun, File, Meter
from marketplace.metering.standing import Taken, units_of

BROKEN = "broken"  # why a call has no outcome: something here failed


@dataclass(eq=False)
class Attempt:
    """One call, from the unit that it reserved to the note of what it came to.

    However it ends, what it reserved is given back or turned into what was used.
    """

    meter: Meter
    admitted: Admitted
    begun: Begun
    file: File | None = None
    reserved: int = 1  # units
    failed: bool = True  # by the service, until it answers

    def begin(self) -> str:
        """Note that the call is about to be made; its name."""
        self.file, self.begun = self.meter.begin(self.begun)
        return f"{self.file.name}-{self.begun.number}"

    def reserve(self, answered: Answered) -> None:
        """Reserve what an answer takes beyond one unit; or refuse to give it."""
        more = self._units(answered) - self.reserved
        if more > 0:
            self.admitted.standing.reserve(self.admitted.facts, more)
            self.reserved += more

    def end(self, answered: Answered) -> None:
        """Note what became of the call."""
        file, self.file = self.file, None
        assert file is not None
        place = self.meter.end(file, self.begun, answered)
        taken = Taken(file.name, place, self.begun.period, self._units(answered))
        self.admitted.standing.note(taken, self.reserved)
        self.reserved = 0

    def _units(self, made: Answered) -> int:
        return units_of(self.admitted.facts.mode, made.counted, made.hit, made.records)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Note a call that broke, and give back what is still reserved."""
        try:
            if self.file is not None:
                self.end(Answered(None, BROKEN, 0, None, 0, 0, 0))
        finally:
            if self.reserved:
                self.admitted.standing.let_go(self.reserved)
