"""What questions are asked of: the tables of a tape, in SQL that every engine takes."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from settlement.statistics.columns import TRADES, Columns
from settlement.statistics.manifest import Manifest


class Answer(NamedTuple):
    """The columns and rows that answer a question, and how far the tape had come."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    position: int  # journal number of the last command whose trades are counted


class Snapshot(NamedTuple):
    """A moment of the tape to which it can be wound back, and of which month."""

    seq: int
    correction: int
    month: str = ""  # of the trades that are shown; empty: all


class Answering(Protocol):
    """An engine over one tape: DuckDB in this process, or Spark."""

    def ask(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to one of our own questions; never to a user's."""

    def manifest(self) -> Manifest:
        """Return what the answers to the next questions rest on."""

    def close(self) -> None:
        """Let go of the engine."""

    def __hash__(self) -> int:
        """Tell one engine from another, to remember what it withholds."""


def nothing(columns: Columns) -> str:
    """Return a query for no rows of these columns."""
    nulls = ", ".join(
        f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items()
    )
    return f"SELECT {nulls} WHERE false"


def counted(
    taped: str, *, has_states: bool, has_corrections: bool, until: Snapshot | None
) -> str:
    """Return the query for the trades that count, at the price that stands.

    *taped* is a table of the trades as they were written. None that is excluded by
    then counts; an adjusted one does at its last price by then.
    """
    shown = {name: f"told.{name}" for name in (*TRADES, "day")}
    joins, rules = [f"FROM {taped} AS told"], []
    if has_states:
        shown["state"] = "coalesce(states.state, told.state)"
        joins.append("LEFT JOIN states ON states.trade = told.id")
    if has_corrections:
        known = "" if until is None else f" AND id <= {until.correction}"
        shown["price"] = "coalesce(adjusted.price, told.price)"
        shown["value"] = "coalesce(adjusted.price * told.quantity, told.value)"
        shown["fee"] = "coalesce(adjusted.fee, told.fee)"
        joins.append(
            "LEFT JOIN (SELECT trade, arg_max(price, id) AS price, arg_max(fee, id) AS"
            f" fee FROM corrections WHERE event = 'adjust'{known} GROUP BY trade)"
            " AS adjusted ON adjusted.trade = told.id"
        )
        rules.append(
            "told.id NOT IN (SELECT trade FROM corrections"
            f" WHERE event <> 'adjust'{known}"
            " GROUP BY trade HAVING arg_max(event, id) = 'exclude')"
        )
    if until is not None:
        rules.append(f"told.seq <= {until.seq}")
    columns = ", ".join(f"{sql} AS {name}" for name, sql in shown.items())
    where = f" WHERE {' AND '.join(rules)}" if rules else ""
    return f"SELECT {columns} {' '.join(joins)}{where}"
