"""An entry of a catalogue as we understand it, and the reading of its file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from listings.licences import Licence
from listings.products import Facts

FILE_MAX = 512 * 1024**2  # bytes of one catalogue file
LINE_MAX = 16 * 1024**2  # characters of one entry


class Described(NamedTuple):
    """A product as a catalogue describes it."""

    id: str  # in that catalogue; stays when the entry changes
    raw: Any  # the entry itself, of which the hash is taken
    facts: Facts
    licence: Licence
    mode: str  # "free" where the entry says so, else "ask"


class Rejected(NamedTuple):
    """An entry that cannot become a product, and why."""

    id: str
    reason: str


class Stray(NamedTuple):
    """What belongs to no entry, such as a sample of an interface that is not there."""

    id: str
    reason: str


Found = Described | Rejected | Stray


def records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield (place, value) of a file: one of a JSON document, one of each JSON line.

    A line that cannot be read gives the ValueError as its value, so that one bad
    entry does not hide the others.
    """
    if path.stat().st_size > FILE_MAX:
        yield path.name, ValueError("the file is too large")
        return
    if path.suffix == ".jsonl":
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path.name}:{number}", _value(line)
    else:
        yield path.name, _value(path.read_bytes())


def _value(data: bytes) -> Any:
    try:
        return json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return ValueError(f"not JSON: {error}")


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")  # NaN and Infinity are not JSON


def text_of(entry: dict[str, Any], field: str) -> str:
    """Return a text of *entry*, trimmed; empty if it is missing or no text."""
    value = entry.get(field)
    return value.strip() if isinstance(value, str) else ""
