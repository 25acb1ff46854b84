"""State machines as tables of legal moves; the help page draws the same tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from settlement.errors import IllegalMove

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[State, Event]):
    """A table (state, event) → state; whatever is not in it is refused."""

    name: str
    moves: Mapping[tuple[State, Event], State]

    def after(self, state: State, event: Event) -> State:
        """Return the state that *event* leads to; IllegalMove if it may not happen."""
        try:
            return self.moves[state, event]
        except KeyError:
            raise IllegalMove(self.name, state.value, event.value) from None

    def may(self, state: State, event: Event) -> bool:
        """Tell whether *event* is legal in *state*."""
        return (state, event) in self.moves
