"""Zip archives, and spreadsheets, which are such archives: what may be in them."""

import lzma
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

from listings.quality.problems import Quarantine

ENTRIES_MAX = 10_000
UNPACKED_MAX = 256 * 1024 * 1024  # bytes, all entries together
RATIO_MAX = 200  # times; from PACKED_MIN on, for small texts compress well
RATIO_FROM = 1024 * 1024  # bytes unpacked
CHUNK = 64 * 1024
# What reading raises where an entry is damaged or packed in a way nobody knows.
_BROKEN: tuple[type[Exception], ...] = (
    *(BadZipFile, EOFError, OSError, RuntimeError, ValueError),
    *(zlib.error, lzma.LZMAError),
)
ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".jar")
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


def opened(path: Path, name: str) -> ZipFile:
    """Open a zip whose list of entries is safe; Quarantine says what is not."""
    if not is_zipfile(path):
        raise Quarantine("truncated", name)
    try:
        archive = ZipFile(path)
    except (BadZipFile, OSError, ValueError, UnicodeDecodeError):
        raise Quarantine("broken", name) from None
    _check(archive, name)
    return archive


def check_spreadsheet(path: Path, name: str) -> None:
    """Raise Quarantine if a spreadsheet's parts are bombs or declare entities."""
    with opened(path, name) as archive:
        if "[Content_Types].xml" not in archive.namelist():
            raise Quarantine("wrong_type", name, promised="xlsx", found="zip")
        for entry in archive.infolist():
            tail = b""
            for piece in pieces(archive, entry, name):
                if entry.filename.endswith((".xml", ".rels", ".vml")) and (
                    _DOCTYPE.search(tail + piece)
                ):
                    raise Quarantine("entities", name)
                tail = piece[-16:]


def extracted(
    archive: ZipFile, entry: ZipInfo, name: str, scratch: Path, number: int
) -> Path:
    """Write an entry into *scratch* under a name of ours; return its path."""
    path = scratch / f"entry-{number}"
    with path.open("wb") as file:
        file.writelines(pieces(archive, entry, name))
    return path


def pieces(archive: ZipFile, entry: ZipInfo, name: str) -> Iterator[bytes]:
    """Yield an entry's content; Quarantine if it is broken or longer than it says."""
    left = entry.file_size
    for piece in _read(archive, entry, name):
        left -= len(piece)
        if left < 0:
            raise Quarantine("bomb", name)
        yield piece


def _read(archive: ZipFile, entry: ZipInfo, name: str) -> Iterator[bytes]:
    try:
        with archive.open(entry) as file:
            while piece := file.read(CHUNK):
                yield piece
    except _BROKEN:
        raise Quarantine("broken", name) from None


def _check(archive: ZipFile, name: str) -> None:
    entries = archive.infolist()
    if len(entries) > ENTRIES_MAX:
        raise Quarantine("too_many_entries", name, count=len(entries))
    unpacked, seen = 0, set()
    for entry in entries:
        unpacked += entry.file_size
        _check_entry(entry, name)
        if entry.filename in seen:
            raise Quarantine("repeated_entry", name)
        seen.add(entry.filename)
    if unpacked > UNPACKED_MAX:
        raise Quarantine("bomb", name, unpacked=unpacked)


def _check_entry(entry: ZipInfo, name: str) -> None:
    said = entry.orig_filename.replace("\\", "/")
    parts = PurePosixPath(said).parts
    if said.startswith("/") or ".." in parts or _DRIVE.match(said) or "\0" in said:
        raise Quarantine("unsafe_path", name)
    if entry.flag_bits & 0x1:
        raise Quarantine("encrypted", name)
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Quarantine("link", name)
    if said.lower().endswith(ARCHIVES):
        raise Quarantine("nested", name)
    if entry.file_size > RATIO_FROM and (
        entry.file_size > RATIO_MAX * max(entry.compress_size, 1)
    ):
        raise Quarantine("bomb", name, unpacked=entry.file_size)
