"""Files of every known format, brought into the engine as one table at a time."""

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from listings.quality import archives, arrow, content, records
from listings.quality.engine import Engine, Reject, Unreadable
from listings.quality.problems import WRONG, Problem, Quarantine, shortened

ROWS_MAX = 1_000_000  # of a table that are examined
CELLS_MAX = 6_000_000  # fewer rows of wide tables
TABLES_MAX = 50  # of one file
SHEETS_MAX = 20
MEMORY_RATIO_MAX = 400  # unpacked to packed bytes of a Parquet column
FOOTER_MAX = 16 * 1024 * 1024  # bytes
TABULAR = (
    *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".geojson"),
    *(".parquet", ".arrow", ".xlsx"),
)


class Source(NamedTuple):
    """A file to read: its path here, its name there, what the name promises."""

    path: Path
    name: str
    suffix: str


class Loaded(NamedTuple):
    """What the engine's table ``data`` is; column *i* is called ``c{i}`` there."""

    name: str
    format: str
    columns: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    rows: int | None = None  # in the file, where that is known without reading it
    words: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()
    declared: bool = False  # the file says the types of its columns
    rejected: tuple[int, ...] = ()  # rows that were left out
    problems: tuple[Problem, ...] = ()


def sources(path: Path, name: str, scratch: Path) -> Iterator[Source]:
    """Yield the file, or the files in it if it is an archive; each is checked."""
    suffix = Path(name).suffix.lower()
    _check(path, name, suffix)
    if suffix != ".zip":
        yield Source(path, name, suffix)
        return
    with archives.opened(path, name) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for number, entry in enumerate(entries):
            inner = Path(entry.filename).suffix.lower()
            there = archives.extracted(archive, entry, name, scratch, number)
            _check(there, entry.filename, inner)
            if number < TABLES_MAX:
                yield Source(there, entry.filename, inner)
            there.unlink()


def _check(path: Path, name: str, suffix: str) -> None:
    with path.open("rb") as file:
        head = file.read(content.CHUNK)
    if not head and suffix in TABULAR:
        raise Quarantine("empty", name)
    content.check_type(head, suffix, name)


def tables(engine: Engine, source: Source, scratch: Path) -> Iterator[Loaded]:
    """Load each table of *source* in turn; none if it holds no table."""
    match source.suffix:
        case ".csv" | ".tsv":
            yield _csv(engine, source, scratch)
        case ".json" | ".geojson" | ".jsonl" | ".ndjson":
            yield from _json(engine, source, scratch)
        case ".xlsx":
            yield from _xlsx(engine, source, scratch)
        case ".parquet":
            yield _parquet(engine, source)
        case ".arrow":
            yield _arrow(engine, source)


def rows_of(columns: int) -> int:
    """Return how many rows of so many columns are examined."""
    return min(ROWS_MAX, CELLS_MAX // max(columns, 1))


# ── text ──


def _csv(engine: Engine, source: Source, scratch: Path) -> Loaded:
    encoding = content.encoding_of(source.path, source.name)
    path = content.recoded(source.path, encoding, scratch)
    with path.open("rb") as file:
        if b"\0" in file.read(content.TEXT_MAX):
            raise Quarantine("not_text", source.name)
    with path.open(encoding="utf-8", newline="") as file:
        head = file.read(256 * 1024)
    delimiter = "\t" if source.suffix == ".tsv" else _delimiter(head)
    heading, complete = _heading(head, delimiter)
    if len(heading) > records.COLUMNS_MAX:
        raise Quarantine("too_many_columns", source.name, count=len(heading))
    if not complete:
        raise Quarantine("truncated", source.name, row=0)
    columns, problems = _names(heading, source.name)
    rejects = engine.read_csv(path, len(columns), delimiter, "", rows_of(len(columns)))
    if any("UNQUOTED" in reject.why for reject in rejects):
        row = next(r.row for r in rejects if "UNQUOTED" in r.why)
        raise Quarantine("truncated", source.name, row=row)
    if rejects:
        problems.append(_ragged(source.name, rejects))
    return Loaded(
        source.name,
        source.suffix[1:],
        columns,
        encoding,
        delimiter,
        rejected=tuple(reject.row for reject in rejects),
        problems=tuple(problems),
    )


def _delimiter(head: str) -> str:
    """Return what separates fields: the mark that gives rows the same length most."""
    lines = head.splitlines()[:40]
    if len(head) == 256 * 1024:
        lines.pop()

    def fit(mark: str) -> tuple[float, int]:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if row)
        length, often = counts.most_common(1)[0] if counts else (1, 0)
        return (often / len(lines) if length > 1 else 0.0, length)

    return max((",", "\t", ";", "|"), key=fit) if lines else ","


def _heading(head: str, delimiter: str) -> tuple[list[str], bool]:
    """Return the first row, and whether it is whole and on one line."""
    line = io.StringIO(head, newline="").readline()
    row = next(csv.reader([line], delimiter=delimiter), [])
    return row, line.count('"') % 2 == 0


def _names(heading: list[str], table: str) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the columns' names, each once and none empty; and what was wrong."""
    names: dict[str, None] = {}
    problems = []
    for number, said in enumerate(heading, start=1):
        name = " ".join(said.split())[:200] or f"column{number}"
        if not said.strip():
            problems.append(Problem(WRONG, "nameless_column", table, name))
        if name in names:
            problems.append(Problem(WRONG, "repeated_column", table, name))
            name = f"{name}_{number}"
        names[name] = None
    if heading and all(_is_value(cell) for cell in heading):
        problems.append(Problem(WRONG, "no_heading", table, value=heading[0][:80]))
    return tuple(names), problems


def _is_value(cell: str) -> bool:
    return cell.strip().lstrip("-").replace(".", "", 1).replace("-", "").isdigit()


def _ragged(name: str, rejects: list[Reject]) -> Problem:
    first = rejects[0]
    return Problem(
        WRONG,
        "ragged",
        name,
        row=first.row,
        times=len(rejects),
        value=shortened(first.line),
        facts={"rows": [reject.row for reject in rejects[:20]]},
    )


# ── JSON and spreadsheets ──


def _json(engine: Engine, source: Source, scratch: Path) -> Iterator[Loaded]:
    encoding = content.encoding_of(source.path, source.name)
    if source.path.stat().st_size > content.TEXT_MAX:
        raise Quarantine("too_large", source.name)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(records.DEPTH_MAX + 50)
    try:
        if source.suffix in (".jsonl", ".ndjson"):
            plain = _plain(engine, source, encoding)
            if plain is not None:
                yield plain
                return
            with source.path.open(encoding=encoding) as file:
                written = records.write(
                    records.json_lines(file, source.name), scratch, source.name
                )
        else:
            text = source.path.read_text(encoding)
            found = records.json_records(text, source.name)
            if found is None:
                return
            written = records.write(found, scratch, source.name)
    finally:
        sys.setrecursionlimit(before)
    if written.columns:
        yield _written(engine, written, source, source.name, encoding)


def _plain(engine: Engine, source: Source, encoding: str) -> Loaded | None:
    """Return JSON lines read by the engine itself, in half the time; None: it cannot.

    Who reads them otherwise than we do would not find as many rows.
    """
    if encoding != "utf-8":
        return None
    with source.path.open(encoding=encoding) as file:
        plain = records.plain_lines(file, source.name)
    if plain is None:
        return None
    rows = rows_of(len(plain.columns))
    try:
        made = engine.read_json_lines(source.path, plain.columns, rows)
    except Unreadable:
        return None
    if made != min(plain.rows, engine.most(rows)):
        return None
    form = source.suffix[1:]
    return Loaded(source.name, form, plain.columns, encoding, words=plain.words)


def _xlsx(engine: Engine, source: Source, scratch: Path) -> Iterator[Loaded]:
    from python_calamine import CalamineError, CalamineWorkbook

    archives.check_spreadsheet(source.path, source.name)
    try:
        book = CalamineWorkbook.from_path(str(source.path))
        for sheet in book.sheet_names[:SHEETS_MAX]:
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
            if not rows:
                continue
            heading = [str(cell) for cell in rows[0]]
            if len(heading) > records.COLUMNS_MAX:
                raise Quarantine("too_many_columns", source.name, count=len(heading))
            columns, problems = _names(heading, sheet)
            made = records.write(
                (_cells(columns, row) for row in rows[1:]), scratch, source.name
            )
            if len(made.columns) < len(columns):  # no rows at all
                made = made._replace(columns=columns)
                made.path.write_text(",".join(f"c{n}" for n in range(len(columns))))
            loaded = _written(engine, made, source, sheet, "")
            yield loaded._replace(problems=tuple(problems))
    except CalamineError:
        raise Quarantine("broken", source.name) from None


def _cells(columns: tuple[str, ...], row: list[Any]) -> records.Record:
    return {
        name: None
        if cell == ""
        else int(cell)
        if isinstance(cell, float) and cell.is_integer()
        else cell
        for name, cell in zip(columns, row, strict=False)
    }


def _written(
    engine: Engine, written: records.Written, source: Source, name: str, encoding: str
) -> Loaded:
    columns = written.columns
    rows = rows_of(len(columns))
    engine.read_csv(written.path, len(columns), ",", records.NULL, rows)
    return Loaded(
        name,
        source.suffix[1:],
        columns,
        encoding,
        words=written.words,
        nested=written.nested,
    )


# ── columnar files ──


def _parquet(engine: Engine, source: Source) -> Loaded:
    path = source.path
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, io.SEEK_END) - 8))
        tail = file.read()
    if tail[4:] != b"PAR1" or int.from_bytes(tail[:4], "little") > FOOTER_MAX:
        raise Quarantine("truncated", source.name)
    try:
        ((rows,),) = engine.ask(
            "SELECT sum(num_rows) FROM parquet_file_metadata(?)", [str(path)]
        )
        ((columns, packed, unpacked),) = engine.ask(
            "SELECT count(DISTINCT path_in_schema), sum(total_compressed_size),"
            " sum(total_uncompressed_size) FROM parquet_metadata(?)",
            [str(path)],
        )
        if columns > records.COLUMNS_MAX:
            raise Quarantine("too_many_columns", source.name, count=columns)
        if unpacked and unpacked > max(MEMORY_RATIO_MAX * packed, archives.RATIO_FROM):
            raise Quarantine("bomb", source.name, unpacked=int(unpacked))
        names = engine.read_parquet(path, rows_of(columns))
    except Unreadable:
        raise Quarantine("broken", source.name) from None
    return _typed(source, names, None if rows is None else int(rows))


class _Stream:
    """A stream of Arrow batches, as often as it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from nanoarrow import ipc

        stream = ipc.InputStream.from_readable(io.BytesIO(self._content))
        return stream.__arrow_c_stream__(requested_schema)


def _arrow(engine: Engine, source: Source) -> Loaded:
    body = source.path.read_bytes()
    try:
        footer = arrow.footer_of(body)
    except arrow.Damaged:
        raise Quarantine("truncated", source.name) from None
    if b"ARROW:extension:name" in footer and b"py_extension_type" in footer:
        raise Quarantine("unsafe_type", source.name)  # CVE-2023-47248
    try:
        names = engine.read_arrow(_Stream(arrow.stream_of(body)), ROWS_MAX)
    except (Unreadable, OSError, ValueError, RuntimeError):
        raise Quarantine("broken", source.name) from None
    return _typed(source, names, None)


def _typed(source: Source, names: list[str], rows: int | None) -> Loaded:
    columns, problems = _names(names, source.name)
    return Loaded(
        source.name,
        source.suffix[1:],
        columns,
        rows=rows,
        declared=True,
        problems=tuple(problems),
    )


def described(value: Any) -> str:
    """Return a cell as text, as it is shown: a sample's value, the top of a list."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes | bytearray):
        return value[:40].hex()
    return str(value)
