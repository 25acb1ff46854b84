"""What an examination finds wrong: severity, code, and where (table, row, column)."""

from typing import Any, NamedTuple

# Quarantined; keeps from the market; to be known.
STOP, WRONG, ADVICE = "stop", "wrong", "advice"
VALUE_MAX = 80  # characters of a value that is told


class Problem(NamedTuple):
    """One finding; *row* counts data rows from 1, *times* how often it was found."""

    severity: str
    code: str
    table: str = ""
    column: str = ""
    row: int | None = None
    times: int | None = None
    value: str = ""  # what stands there, shortened; personal data masked
    facts: dict[str, Any] | None = None


class Quarantine(Exception):
    """The content cannot be taken as what it claims to be; *code* says why."""

    def __init__(
        self, code: str, table: str = "", row: int | None = None, **facts: Any
    ) -> None:
        super().__init__(code)
        self.problem = Problem(STOP, code, table, row=row, facts=facts or None)


def shortened(value: object) -> str:
    """Return *value* as text that can be told: one line, not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "…"
