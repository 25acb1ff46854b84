"""A hostile corpus, made by code: name of the file → its bytes and what is said."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

import duckdb

CSV = b"city,people\nA,1\nB,2\n"


class Attack(NamedTuple):
    """A file that must not pass, and the codes of which one is said."""

    title: str
    name: str
    content: bytes
    codes: tuple[str, ...]


def zipped(*entries: tuple[str, bytes], change: Callable | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(entry)
            archive.writestr(entry, content)
    return made.getvalue()


def parquet(query: str, tmp) -> bytes:
    path = tmp / "made.parquet"
    with duckdb.connect(":memory:") as db:
        db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return path.read_bytes()


def workbook(part: bytes, name: str = "xl/sharedStrings.xml") -> bytes:
    return zipped(
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        (name, part),
    )


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>"""
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x/>'


def link(entry: zipfile.ZipInfo) -> None:
    entry.create_system, entry.external_attr = 3, 0o120777 << 16


def encrypted() -> bytes:
    content = bytearray(zipped(("a.csv", CSV)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


def lying_length() -> bytes:
    """A zip whose entry says that it is short, and unpacks to much more."""
    content = bytearray(zipped(("a.csv", b"x\n" * 500_000)))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + place
        content[at : at + 4] = struct.pack("<I", 10)
    return bytes(content)


LIES = {
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 60,
    "exe": b"MZ\x90\0" + b"\0" * 60,
    "gzip": b"\x1f\x8b\x08\0" + b"\0" * 20,
    "rar": b"Rar!\x1a\x07\x01\0" + b"\0" * 20,
    "7z": b"7z\xbc\xaf\x27\x1c" + b"\0" * 20,
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60,
    "sqlite": b"SQLite format 3\0" + b"\0" * 60,
    "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os",
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "nul": b"a,b\n1,\0\n",
    "random": bytes(range(256)) * 8,
}
LIARS = ("wrong_type", "program", "not_text", "encoding", "not_json")


def lies() -> Iterator[Attack]:
    for kind, content in LIES.items():
        for suffix in ("csv", "json"):
            yield Attack(f"{kind} as {suffix}", f"data.{suffix}", content, LIARS)
        if kind not in ("nul", "html"):
            for suffix in ("parquet", "xlsx"):
                yield Attack(f"{kind} as {suffix}", f"data.{suffix}", content, LIARS)


def archives() -> Iterator[Attack]:
    good = ("good.csv", CSV)
    bomb = b"0,0\n" * 50_000_000
    yield Attack("zip bomb", "a.zip", zipped(("a.csv", bomb)), ("bomb",))
    yield Attack("xlsx bomb", "a.xlsx", workbook(bomb), ("bomb",))
    yield Attack("lying length", "a.zip", lying_length(), ("bomb", "broken"))
    yield Attack("nested zip", "a.zip", zipped(("b.zip", zipped(good))), ("nested",))
    yield Attack("nested gz", "a.zip", zipped(("b.csv.gz", b"\x1f\x8b")), ("nested",))
    for name in ("../a.csv", "/etc/a.csv", "..\\a.csv", "C:\\a.csv", "a/../../b.csv"):
        yield Attack(f"path {name}", "a.zip", zipped((name, CSV)), ("unsafe_path",))
    yield Attack(
        "link", "a.zip", zipped(("a.csv", b"/etc/passwd"), change=link), ("link",)
    )
    yield Attack("encrypted", "a.zip", encrypted(), ("encrypted",))
    many = zipped(*((f"{n}.csv", b"") for n in range(10_001)))
    yield Attack("many entries", "a.zip", many, ("too_many_entries",))
    yield Attack("program inside", "a.zip", zipped(("a.csv", LIES["elf"])), LIARS)
    yield Attack("cut off", "a.zip", zipped(good)[:-20], ("truncated", "broken"))
    yield Attack("cut in the middle", "a.zip", zipped(good)[:30], ("truncated",))
    broken = bytearray(zipped(("a.csv", CSV * 50)))
    broken[45:60] = b"\xff" * 15
    yield Attack("damaged", "a.zip", bytes(broken), ("broken",))
    yield Attack("laughs", "a.xlsx", workbook(LAUGHS), ("entities",))
    yield Attack("outside entity", "a.xlsx", workbook(XXE), ("entities",))
    late = b"<sst>" + b" " * 65_530 + b"<!DOCTYPE x>"
    yield Attack("entity over an edge", "a.xlsx", workbook(late), ("entities",))
    yield Attack("zip as xlsx", "a.xlsx", zipped(good), ("wrong_type",))
    yield Attack("empty xlsx", "a.xlsx", workbook(b"<sst/>"), ("broken",))


def texts() -> Iterator[Attack]:
    deep = b"[" * 100_000 + b"]" * 100_000
    yield Attack("deep json", "a.json", deep, ("nesting",))
    deep = b'[{"a":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001 + b"]"
    yield Attack("deep record", "a.json", deep, ("nesting",))
    yield Attack("deep line", "a.jsonl", b"[" * 50_000 + b"\n", ("nesting",))
    yield Attack("cut json", "a.json", b'[{"a": 1}, {"a": 2', ("truncated",))
    yield Attack("cut array", "a.json", b'[{"a": 1}, {"a": 2}', ("truncated",))
    yield Attack("no json", "a.json", b"[{'a': 1}]", ("not_json",))
    yield Attack("nan", "a.json", b'[{"a": NaN}]', ("not_a_number",))
    yield Attack("infinity", "a.jsonl", b'{"a": Infinity}\n', ("not_a_number",))
    yield Attack("key twice", "a.json", b'[{"a": 1, "a": 2}]', ("repeated_key",))
    digits = b'[{"a": ' + b"9" * 10_000 + b"}]"
    yield Attack("long number", "a.json", digits, ("not_json",))
    wide = json.dumps([{f"k{n}": n for n in range(2_001)}]).encode()
    yield Attack("wide json", "a.json", wide, ("too_many_columns",))
    wide = ",".join(f"c{n}" for n in range(2_001)).encode() + b"\n"
    yield Attack("wide csv", "a.csv", wide, ("too_many_columns",))
    yield Attack("open quote", "a.csv", b'a,b\n1,"2\n3,4\n', ("truncated", "broken"))
    yield Attack("latin", "a.csv", "größe,é\n".encode("latin-1") * 30, ("encoding",))
    yield Attack("empty", "a.csv", b"", ("empty",))
    yield Attack("bad utf-8 late", "a.csv", CSV * 99 + b"\xff\xfe\xfa\n", ("encoding",))
    alias = b"openapi: 3.0.0\na: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n"
    yield Attack("yaml aliases", "a.yaml", alias, ("entities",))
    tag = b"openapi: !!python/object/apply:os.system ['true']\n"
    yield Attack("yaml tag", "a.yaml", tag, ("not_yaml",))


def columnar(tmp) -> Iterator[Attack]:
    good = parquet("SELECT range AS a FROM range(1000)", tmp)
    yield Attack("cut parquet", "a.parquet", good[:-100], ("truncated",))
    yield Attack("only magic", "a.parquet", b"PAR1PAR1", ("truncated", "broken"))
    broken = bytearray(good)
    broken[-60:-20] = b"\xff" * 40
    yield Attack("damaged footer", "a.parquet", bytes(broken), ("broken",))
    footer = bytearray(good)
    footer[-8:-4] = struct.pack("<I", 2**31)
    yield Attack("footer beyond the file", "a.parquet", bytes(footer), ("truncated",))
    wide = parquet("SELECT repeat('x', 10000000) AS a FROM range(200)", tmp)
    yield Attack("parquet bomb", "a.parquet", wide, ("bomb", "too_large"))
    yield Attack("cut arrow", "a.arrow", b"ARROW1\0\0" + b"\xff" * 40, ("truncated",))
    lying = b"ARROW1\0\0" + b"\xff" * 60 + struct.pack("<I", 8) + b"ARROW1"
    yield Attack("damaged arrow", "a.arrow", lying, ("broken",))
    pickled = b"ARROW:extension:name arrow.py_extension_type"
    unsafe = b"ARROW1\0\0" + b"\0" * 16 + pickled + struct.pack("<I", len(pickled))
    yield Attack("arrow pickle", "a.arrow", unsafe + b"ARROW1", ("unsafe_type",))


def attacks(tmp) -> list[Attack]:
    """Return the whole corpus."""
    return [*lies(), *archives(), *texts(), *columnar(tmp)]
