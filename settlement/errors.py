"""Refusals: every expected "no", with a code, a reason and its facts."""

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(eq=False)
class Refusal(Exception):
    """The request cannot be carried out."""

    code: ClassVar[str] = "refusal"
    known: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init_subclass__(cls) -> None:
        """Name the code after the class and remember it, for the wire."""
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        Refusal.known[cls.code] = cls

    @classmethod
    def title(cls) -> str:
        """Return the message in English, which is also its translation key."""
        return (cls.__doc__ or "").partition("\n")[0]

    def __str__(self) -> str:
        """Return the title with the facts behind it."""
        facts = ", ".join(f"{name}={value}" for name, value in self.facts().items())
        return f"{self.title()} ({facts})" if facts else self.title()

    def facts(self) -> dict[str, Any]:
        """Return the fields: what a member needs to understand the refusal."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def rebuild(code: str, facts: dict[str, Any]) -> Refusal:
    """Return the refusal that *code* and *facts* describe, as read off the wire."""
    return Refusal.known[code](**facts)


@dataclass(eq=False)
class Invalid(Refusal):
    """Some fields are missing or wrong."""

    problems: dict[str, list[str]]


@dataclass(eq=False)
class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    kind: str
    id: str


@dataclass(eq=False)
class Forbidden(Refusal):
    """Your role does not permit this."""

    needed: str


@dataclass(eq=False)
class OwnWork(Refusal):
    """Nobody approves their own work: a second person must do this."""


@dataclass(eq=False)
class IllegalMove(Refusal):
    """That step is not possible in the present state."""

    machine: str
    state: str
    event: str


@dataclass(eq=False)
class InsufficientBalance(Refusal):
    """The account does not hold enough of this asset."""

    asset: str
    needed: int
    available: int


@dataclass(eq=False)
class KeyReuse(Refusal):
    """This idempotency key was used for a different request."""

    key: str


@dataclass(eq=False)
class Busy(Refusal):
    """The exchange is at its limit; try again shortly."""

    retry_after_s: int


@dataclass(eq=False)
class ExchangeHalted(Refusal):
    """The exchange is halted; nothing was done."""


@dataclass(eq=False)
class OutcomeUnknown(Refusal):
    """The exchange failed before it could answer; ask again with the same key."""


@dataclass(eq=False)
class ChangedMeanwhile(Refusal):
    """Terms or price changed while you looked: read the order again, then confirm."""
