"""Any table: CSV, Excel, JSON and JSON lines, as columns and rows of text.

Encoding, delimiter and sheet are found out, and may be said instead. Nothing is cut:
a row with more cells than the header keeps them under names of their own.
"""

import codecs
import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from listings.formats.documents import (
    DEPTH_MAX,
    DocumentTooLarge,
    Malformed,
    json_of,
    objects,
    within_size,
)
from settlement.errors import Refusal

ROWS_MAX = 50_000
COLUMNS_MAX = 400
CELL_MAX = 1_000_000  # characters
UNPACKED_MAX = 256 * 1024**2  # bytes of a workbook, unpacked
HEADER_ROWS = 20  # among which the header is looked for
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5hkscs")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# The commonest characters of catalogues, simplified and traditional.
_COMMON = frozenset(
    "的数据名称一年月日中国更新信息市区省公司统计服务时间标题描述行业领域部门单位来源接口城市每地"
    "經濟數據資料名稱標題說明關鍵字頻率領域業機關統計時間國區縣價格單位來源類別更新提供臺灣發布"
)


@dataclass(eq=False)
class NoTable(Refusal):
    """There is no table in this file: a line of names and at least one row."""


class Choice(NamedTuple):
    """How a file is read; empty means: find out."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


FIND_OUT = Choice()


class Table(NamedTuple):
    """A table as text, and how it was read."""

    kind: str  # csv, excel, json
    columns: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, str]], ...]  # (place, values by column)
    chosen: Choice
    sheets: tuple[str, ...] = ()

    def samples(self, column: str, most: int = 3) -> list[str]:
        """Return a few different values of a column."""
        values = (row[column] for _, row in self.rows if row.get(column))
        found: dict[str, None] = {}
        for value in values:
            found.setdefault(value)
            if len(found) == most:
                break
        return list(found)


def read(data: bytes, choice: Choice = FIND_OUT) -> Table:
    """Return the table in *data*.

    NoTable if there is none, Malformed with the place of what is wrong,
    DocumentTooLarge beyond ROWS_MAX, COLUMNS_MAX or CELL_MAX.
    """
    within_size(data)
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _excel(data, choice)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _json(data, choice)
    return _csv(data, choice)


# ── CSV ──


def encoding_of(data: bytes) -> str:
    """Return the encoding of text: its mark, UTF-8 if it is, else the likelier one."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    scores = {}
    for name in ("utf-8", "gb18030", "big5hkscs"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "utf-8":
            return name
        scores[name] = sum(letter in _COMMON for letter in text[:100_000])
    if not scores:
        line = _bad_line(data)
        raise Malformed(f"line {line}", "neither UTF-8, GBK nor Big5")
    return max(scores, key=lambda name: scores[name])


def _bad_line(data: bytes) -> int:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _csv(data: bytes, choice: Choice) -> Table:
    encoding = choice.encoding or encoding_of(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(f"line {line}", f"not {encoding}") from error
    delimiter = choice.delimiter or _delimiter(text)
    csv.field_size_limit(CELL_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[tuple[str, list[str]]] = []
    try:
        for cells in reader:
            if len(lines) > ROWS_MAX + HEADER_ROWS:
                raise DocumentTooLarge("rows", ROWS_MAX)
            lines.append((f"line {reader.line_num}", [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise Malformed(f"line {reader.line_num}", str(error)) from error
    return _table("csv", lines, Choice(encoding, delimiter))


def _delimiter(text: str) -> str:
    """Return the delimiter that the first lines have most of, outside of quotes."""
    head = [line for line in text[:20_000].splitlines() if line.strip()][:HEADER_ROWS]
    agreed = {}
    for sign in DELIMITERS:
        counts = Counter(len(row) for row in csv.reader(head, delimiter=sign))
        several = [(lines, size) for size, lines in counts.items() if size > 1]
        agreed[sign] = max(several, default=(0, 0))
    return max(agreed, key=lambda sign: agreed[sign])


# ── Excel ──


def _excel(data: bytes, choice: Choice) -> Table:
    if data.startswith(b"PK"):
        _check_unpacked(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = tuple(book.sheet_names)
        sheet = choice.sheet if choice.sheet in names else _fullest(book, names)
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError, IndexError) as error:
        raise Malformed("workbook", str(error)[:200]) from error
    if len(rows) > ROWS_MAX + HEADER_ROWS:
        raise DocumentTooLarge("rows", ROWS_MAX)
    lines = [
        (f"row {number}", [_cell(value) for value in row])
        for number, row in enumerate(rows, 1)
    ]
    made = _table("excel", lines, Choice(sheet=sheet))
    return made._replace(sheets=names)


def _check_unpacked(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Malformed("workbook", "not an Excel file") from error
    if size > UNPACKED_MAX:
        raise DocumentTooLarge("bytes", UNPACKED_MAX)


def _fullest(book: CalamineWorkbook, names: tuple[str, ...]) -> str:
    """Return the first sheet that has more than one row, else the first."""
    for name in names:
        if book.get_sheet_by_name(name).total_height > 1:
            return name
    if not names:
        raise NoTable
    return names[0]


def _cell(value: Any) -> str:
    """Return a cell as it is read: whole numbers without point, days as ISO 8601."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value).strip()


# ── JSON ──


def _json(data: bytes, choice: Choice) -> Table:
    try:
        found = _entries(json_of(data))
        items = [(f"#{number}", item) for number, item in enumerate(found, 1)]
    except Malformed:
        items = list(_lines(data))
        if len(items) < 2:
            raise
    if len(items) > ROWS_MAX:
        raise DocumentTooLarge("rows", ROWS_MAX)
    rows = [(place, dict(_flat(item))) for place, item in items]
    names = dict.fromkeys(name for _, row in rows for name in row)
    if not names:
        raise NoTable
    if len(names) > COLUMNS_MAX:
        raise DocumentTooLarge("columns", COLUMNS_MAX)
    return Table("json", tuple(names), tuple(rows), choice._replace(encoding="utf-8"))


def _lines(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            try:
                value = json_of(line)
            except Malformed as error:
                raise Malformed(f"line {number}", error.problem) from error
            for item in objects(value):
                yield f"line {number}", item


def _entries(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or of the longest list inside an object."""
    if isinstance(value, list):
        return objects(value)
    lists = [objects(part) for part in value.values() if isinstance(part, list)]
    longest = max(lists, key=len, default=[])
    return longest or objects(value)


def _flat(item: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and texts; objects become ``name.zh``, lists of texts ``a; b``."""
    for name, value in item.items():
        full = f"{before}{name}"
        if isinstance(value, dict) and full.count(".") < DEPTH_MAX // 20 and value:
            yield from _flat(value, f"{full}.")
        elif isinstance(value, list) and all(isinstance(v, str) for v in value):
            yield full, "; ".join(value)
        elif value is not None:
            is_text = isinstance(value, str)
            yield full, value if is_text else json.dumps(value, ensure_ascii=False)


# ── columns and rows ──


def _table(kind: str, lines: list[tuple[str, list[str]]], chosen: Choice) -> Table:
    """Find the header, name every column once, and keep every cell."""
    filled = [(place, row) for place, row in lines if any(row)]
    widest = max((sum(map(bool, row)) for _, row in filled[:HEADER_ROWS]), default=0)
    at = next(
        (n for n, (_, r) in enumerate(filled) if sum(map(bool, r)) * 2 >= widest), None
    )
    if at is None or at + 1 >= len(filled):
        raise NoTable
    width = max(len(row) for _, row in filled)
    if width > COLUMNS_MAX:
        raise DocumentTooLarge("columns", COLUMNS_MAX)
    names = _names(filled[at][1] + [""] * (width - len(filled[at][1])))
    rows = tuple(
        (place, {names[n]: cell for n, cell in enumerate(row) if cell})
        for place, row in filled[at + 1 :]
    )
    if len(rows) > ROWS_MAX:
        raise DocumentTooLarge("rows", ROWS_MAX)
    used = {name for _, row in rows for name in row}
    given = {name for name, cell in zip(names, filled[at][1], strict=False) if cell}
    columns = tuple(name for name in names if name in used | given)
    return Table(kind, columns, rows, chosen)


def _names(header: list[str]) -> list[str]:
    found: list[str] = []
    for number, written in enumerate(header, 1):
        plain = name = " ".join(written.split()) or f"column {number}"
        again = 1
        while name in found:
            again += 1
            name = f"{plain} ({again})"
        found.append(name)
    return found
