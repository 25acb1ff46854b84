"""Records of JSON and spreadsheets, written as text that the engine can read."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from listings.quality.problems import Quarantine

COLUMNS_MAX = 2_000
DEPTH_MAX = 100  # of nested values, about
WHOLE_MAX = 16 * 1024 * 1024  # characters of an object that is read whole
NULL = "\\N"
_LIST = re.compile(r'"[^"\\]{1,200}"\s*:\s*\[\s*(?=\{)')
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BLANK = re.compile(r"[ \t\r\n]*")
_AS_THEY_ARE = {str, int, float}  # what the writer writes as we want it

Record = dict[str, Any]
# Of rows: the types of their values → the places of those that are to be rewritten.
Shapes = dict[tuple[type, ...], tuple[int, ...]]


class Written(NamedTuple):
    """Records as text: where, their columns, and which columns hold what."""

    path: Path
    columns: tuple[str, ...]
    words: frozenset[str]  # columns of which every value was said to be text
    nested: frozenset[str]  # columns with objects or lists


class Plain(NamedTuple):
    """JSON lines that the engine reads itself as we would: flat, of plain values."""

    columns: tuple[str, ...]
    words: frozenset[str]  # columns of which every value was said to be text
    rows: int


class _Wrong(ValueError):
    """What JSON permits and we do not."""


def _object(pairs: list[tuple[str, Any]]) -> Record:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Wrong("repeated_key")
    return made


def _constant(_name: str) -> None:
    raise _Wrong("not_a_number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_QUICK = json.JSONDecoder(parse_constant=_constant)  # does not see repeated keys
# What the engine reads otherwise: a NUL, half of a character outside the first plane.
_ODD = re.compile(r"\\u(0000|[dD][89a-fA-F])")
_NESTED = {dict, list}
SHAPES_MAX = 1_000  # sets of columns that lines may have
_APART = (" :", "\t:", "\r:")


def json_lines(lines: Iterable[str], name: str) -> Iterator[Record]:
    """Yield the records of JSON lines; Quarantine at the first that is none."""
    row = 0
    for line in lines:
        if not line.strip():
            continue
        row += 1
        quick = _flat(line)
        yield _as_record(_only(line, name, row) if quick is None else quick)


def _flat(line: str) -> Record | None:
    """Return the flat record in a line in half the time; None if it takes a look.

    A key has a colon of its own. As many colons as keys are left: no key was repeated,
    and no value is an object. So too if only those after a quote are as many, where
    no blank stands before a colon.
    """
    if not line.startswith("{"):
        return None
    try:
        value, end = _QUICK.raw_decode(line)
    except (ValueError, RecursionError):
        return None  # the careful way says what is wrong
    if line[end:].strip():
        return None
    found: Record = value
    keys = len(found)
    if line.count(":") == keys:
        return found
    told = line.count('":') == keys and not any(sign in line for sign in _APART)
    return found if told else None


def plain_lines(lines: Iterable[str], name: str) -> Plain | None:
    """Return what the engine needs to read JSON *lines* itself; None if it must not.

    Every line is looked at as `json_lines` does, so that the same ones are refused;
    what the engine would read otherwise (nested values, halves of characters, numbers
    among texts, names that differ only in case) is left to `write`.
    """
    looked = _shapes_of(lines, name)
    if looked is None:
        return None
    seen, rows = looked
    kinds: dict[str, set[type]] = {}
    for keys, shapes in seen.items():
        for place, key in enumerate(keys):
            kinds.setdefault(key, set()).update(shape[place] for shape in shapes)
    said = {key: found - {type(None)} for key, found in kinds.items()}
    mixed = any(str in found and len(found) > 1 for found in said.values())
    alike = len({key.casefold() for key in said}) < len(said)
    if mixed or alike or "" in said or not 0 < len(said) <= COLUMNS_MAX:
        return None
    words = frozenset(key for key, found in said.items() if found == {str})
    return Plain(tuple(said), words, rows)


def _shapes_of(
    lines: Iterable[str], name: str
) -> tuple[dict[tuple[str, ...], set[tuple[type, ...]]], int] | None:
    """Return the columns that lines have, with their types, and how many lines."""
    seen: dict[tuple[str, ...], set[tuple[type, ...]]] = {}
    rows = 0
    for line in lines:
        if not line.strip():
            continue
        rows += 1
        if "\\u" in line and _ODD.search(line):
            return None  # the engine reads it otherwise
        quick = _flat(line)
        record = _as_record(_only(line, name, rows)) if quick is None else quick
        shapes = seen.get(keys := tuple(record))
        if shapes is None:
            shapes = seen[keys] = set()
        shape = tuple(map(type, record.values()))
        if shape not in shapes:
            shapes.add(shape)
            if _NESTED & set(shape) or len(seen) > SHAPES_MAX:
                return None
    return seen, rows


def json_records(text: str, name: str) -> Iterator[Record] | None:
    """Return the records in a JSON *text*: its array, or the longest in its object.

    None if there is no list of records in it. Quarantine if it is no JSON.
    """
    begin = _BLANK.match(text).end()  # type: ignore[union-attr]
    if text.startswith("[", begin):
        return _items(text, begin + 1, name)
    if found := _FEATURES.search(text, begin, begin + 4096):
        return map(_properties, _items(text, found.end(), name))
    if len(text) > WHOLE_MAX:
        array = _LIST.search(text)
        return _items(text, array.end(), name) if array else None
    whole, end = _decoded(text, name, 1, begin)
    if text[end:].strip():
        raise Quarantine("not_json", name, position=end)
    lists = sorted(_lists(whole, 3), key=len)
    return map(_as_record, lists[-1]) if lists else None


def write(records: Iterator[Record], scratch: Path, name: str) -> Written:
    """Write *records* below *scratch* as CSV with a heading, all columns at once.

    Read twice if columns appear late; so *records* are kept in a file of ours.
    """
    first = list(islice(records, 1_000))
    columns = list(dict.fromkeys(key for record in first for key in record))
    path = scratch / "records.csv"
    late = scratch / "late.jsonl"
    shapes: Shapes = {}
    with path.open("w", encoding="utf-8", newline="") as file, late.open("w") as rest:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(f"c{number}" for number in range(len(columns)))
        known, widened = set(columns), False
        for record in _chained(first, records):
            if not widened and record.keys() <= known:
                writer.writerow(_row(record, columns, shapes))
                continue
            widened = True
            columns += [key for key in record if key not in known]
            known.update(record)
            if len(columns) > COLUMNS_MAX:
                raise Quarantine("too_many_columns", name, count=len(columns))
            rest.write(json.dumps(record, ensure_ascii=True, default=str) + "\n")
    if widened:
        path = _widened(path, late, columns, shapes, scratch)
    if len(columns) > COLUMNS_MAX:
        raise Quarantine("too_many_columns", name, count=len(columns))
    kinds = [
        {shape[place] for shape in shapes if place < len(shape)} - {type(None)}
        for place in range(len(columns))
    ]
    named = list(zip(columns, kinds, strict=True))
    return Written(
        path,
        tuple(columns),
        frozenset(name for name, seen in named if seen == {str}),
        frozenset(name for name, seen in named if seen & {dict, list}),
    )


def _widened(
    path: Path,
    late: Path,
    columns: list[str],
    shapes: Shapes,
    scratch: Path,
) -> Path:
    """Return the rows of *path* and of *late* together, each with every column."""
    made = scratch / "widened.csv"
    with (
        made.open("w", encoding="utf-8", newline="") as file,
        path.open(encoding="utf-8", newline="") as before,
        late.open(encoding="utf-8") as after,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(f"c{number}" for number in range(len(columns)))
        for row in islice(csv.reader(before), 1, None):
            writer.writerow(row + [NULL] * (len(columns) - len(row)))
        for line in after:
            record = json.loads(line)
            writer.writerow(_row(record, columns, shapes))
    return made


def _chained(first: list[Record], rest: Iterator[Record]) -> Iterator[Record]:
    yield from first
    yield from rest


def _row(record: Record, columns: list[str], shapes: Shapes) -> list[Any]:
    """Return a record's values as they are written; remember their types."""
    row = [*record.values()] if [*record] == columns else [*map(record.get, columns)]
    shape = tuple(map(type, row))
    if (odd := shapes.get(shape)) is None:
        odd = tuple(n for n, kind in enumerate(shape) if kind not in _AS_THEY_ARE)
        shapes[shape] = odd
    for place in odd:
        row[place] = _cell(row[place])
    return row


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return _moment(value)


def _moment(value: object) -> str:
    """Return what a spreadsheet's date, time or length of time is as text."""
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return str(value)


def _items(text: str, at: int, name: str) -> Iterator[Record]:
    """Yield what an array holds, one at a time; *at* is just after its bracket."""
    at = _blank(text, at)
    row = 0
    if text.startswith("]", at):
        return
    while True:
        row += 1
        value, at = _decoded(text, name, row, _blank(text, at))
        yield _as_record(value)
        at = _blank(text, at)
        if text.startswith("]", at):
            return
        if not text.startswith(",", at):
            code = "truncated" if at >= len(text) else "not_json"
            raise Quarantine(code, name, row=row, position=at)
        at += 1


def _only(line: str, name: str, row: int) -> Any:
    """Return the one value in a line; what follows it would be lost unsaid."""
    value, end = _decoded(line, name, row)
    if line[end:].strip():
        raise Quarantine("not_json", name, row=row, position=end)
    return value


def _decoded(text: str, name: str, row: int, at: int = 0) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, _blank(text, at))
    except RecursionError:
        raise Quarantine("nesting", name, row=row) from None
    except _Wrong as wrong:
        raise Quarantine(str(wrong), name, row=row) from None
    except json.JSONDecodeError as error:
        ended = error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg
        code = "truncated" if ended else "not_json"
        raise Quarantine(code, name, row=row, position=error.pos) from None
    except ValueError:  # a number of too many digits
        raise Quarantine("not_json", name, row=row) from None


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _as_record(value: Any) -> Record:
    return value if isinstance(value, dict) else {"value": value}


def _properties(feature: Record) -> Record:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """Yield the lists of records within *value*."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            yield value
    elif isinstance(value, dict) and depth:
        for part in value.values():
            yield from _lists(part, depth - 1)
