"""What bytes are, whatever their name says; and the encoding of Chinese text."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from listings.quality.problems import Quarantine

CHUNK = 1024 * 1024
JUDGED = 256 * 1024  # bytes from which the encoding is judged
TEXT_MAX = 256 * 1024 * 1024  # bytes of text that are examined

SIGNATURES = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"%PDF-": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"\xca\xfe\xba\xbe": "program",
    b"#!": "program",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"7z\xbc\xaf": "7z",
    b"Rar!": "rar",
    b"\xd0\xcf\x11\xe0": "ole",
    b"SQLite format 3": "sqlite",
    b"\x80\x04\x95": "pickle",
    b"\x80\x03": "pickle",
}
# suffix → what the bytes must then be; text has no signature
PROMISED = {
    ".zip": "zip",
    ".xlsx": "zip",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".pdf": "pdf",
    ".png": "png",
}
TEXTS = {
    *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".geojson", ".txt", ".md"),
    *(".html", ".xml", ".yaml", ".yml", ".toml"),
}
MARKUP = re.compile(rb"\s*(<!doctype|<html|<\?xml|<svg)", re.IGNORECASE)
MARKED = {".html", ".xml", ".md", ".txt"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The first level of each character set: what nearly all of a real text is made of.
_COMMON = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}


def check_type(head: bytes, suffix: str, name: str) -> None:
    """Raise Quarantine if *head*, the first bytes, is not what *suffix* promises."""
    found = next(
        (kind for mark, kind in SIGNATURES.items() if head.startswith(mark)), "text"
    )
    promised = PROMISED.get(suffix, "text" if suffix in TEXTS else found)
    if found == "program" and promised != "text":
        raise Quarantine("program", name)
    if found != promised and not (found == "program" and head.startswith(b"#!")):
        raise Quarantine("wrong_type", name, promised=promised, found=found)
    if suffix in TEXTS:
        if b"\0" in head and not head.startswith(tuple(m for m, _ in _MARKS[1:])):
            raise Quarantine("not_text", name)
        if suffix not in MARKED and MARKUP.match(head):
            raise Quarantine("wrong_type", name, promised="text", found="markup")


def encoding_of(path: Path, name: str) -> str:
    """Return the encoding of a text: UTF-8, GB 18030 (with GBK) or Big5.

    Quarantine if it is none of them; its row says where UTF-8 ended.
    """
    with path.open("rb") as file:
        head = file.read(JUDGED)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    where = _first_error(path, "utf-8")
    if where is None:
        return "utf-8"
    with path.open("rb") as file:
        file.seek(max(0, where - 64))
        judged = file.read(JUDGED)
    fits = {
        encoding: _familiar(judged, encoding)
        for encoding in _COMMON
        if _first_error(path, encoding) is None
    }
    if not fits or max(fits.values()) < 0.5:
        raise Quarantine("encoding", name, row=_row_at(path, where))
    return max(fits, key=lambda encoding: fits[encoding])


def texts(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text of *path* in pieces."""
    with path.open(encoding=encoding, errors="strict", newline="") as file:
        while piece := file.read(CHUNK):
            yield piece


def recoded(path: Path, encoding: str, scratch: Path) -> Path:
    """Return the path of the same text in UTF-8 without a mark, lines ending in LF.

    The engine takes CR LF too, but not CR alone; so only then the text is copied.
    """
    with path.open("rb") as file:
        head = file.read(JUDGED)
    lonely = b"\r" in head and b"\n" not in head
    if encoding == "utf-8" and not lonely:
        return path
    made = scratch / "recoded.csv"
    with made.open("w", encoding="utf-8", newline="") as file:
        for piece in texts(path, encoding):
            file.write(piece.replace("\r", "\n") if lonely else piece)
    return made


def _first_error(path: Path, encoding: str) -> int | None:
    """Return where *path* stops being text in *encoding*, None if nowhere."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    at = 0
    with path.open("rb") as file:
        while True:
            piece = file.read(CHUNK)
            try:
                decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return at + error.start
            if not piece:
                return None
            at += len(piece)


def _familiar(judged: bytes, encoding: str) -> float:
    """Return the share of Chinese characters that are of the set's first level."""
    low, high = _COMMON[encoding]
    text = judged.decode(encoding, "ignore")
    han = [letter for letter in text if ord(letter) > 0x7F]
    if not han:
        return 0.0
    common = 0
    for letter in han:
        lead = letter.encode(encoding, "ignore")[:1]
        # Punctuation of either set lies just below its characters.
        common += bool(lead) and (low <= lead[0] <= high or lead[0] in (0xA1, 0xA3))
    return common / len(han)


def _row_at(path: Path, where: int) -> int:
    """Return the data row in which the byte *where* lies; 1 follows the heading."""
    rows = 0
    with path.open("rb") as file:
        left = where
        while left > 0 and (piece := file.read(min(CHUNK, left))):
            rows += piece.count(b"\n")
            left -= len(piece)
    return rows
