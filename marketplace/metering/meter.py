"""The meter: what is called is noted before and after, in a file of each process.

A line is written with one call of the system, so that it is there however the process
ends; a machine that loses power may lose the lines of its last moments, and then the
buyer is not charged for them. A note before a call says that it may have happened; the
note after it decides. What has only the first was cut short: it costs nothing, and both
sides see it by its number.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FOLDER = "meters"  # below the data directory
SUFFIX = ".calls"
SIZE_MAX = 64 * 1024 * 1024  # bytes of one file; then another is begun
READ_MAX = 1024 * 1024  # bytes at a time


class Begun(NamedTuple):
    """A call that is about to be made."""

    number: int
    entitlement: int
    product: int
    key: int
    period: int
    at_us: int
    method: str
    path: str


class Answered(NamedTuple):
    """What became of it; see the columns of `tables.calls`."""

    status: int | None
    why: str
    latency_us: int
    size: int | None
    counted: int
    hit: int
    records: int
    repeated: int = 0


class Note(NamedTuple):
    """A line of a meter, at its place."""

    place: int
    begun: Begun
    answered: Answered | None  # None: about to be made


@dataclass(eq=False)
class File:
    """One file of a meter."""

    name: str
    descriptor: int
    place: int = 0
    under_way: int = 0  # calls that began here
    torn: bool = False  # the last line was cut short: the next begins a new one


class Meter:
    """Writes the notes of one process; its methods suit any thread."""

    def __init__(self, folder: Path, size_max: int = SIZE_MAX) -> None:
        """Write below *folder*; the first note makes the file."""
        self._folder, self._size_max = folder, size_max
        self._guard = threading.Lock()
        self._file: File | None = None
        self._number = 0

    def begin(self, call: Begun) -> tuple[File, Begun]:
        """Note that *call* is about to be made; where, and it with its number."""
        with self._guard:
            file = self._file
            if file is None or file.place >= self._size_max:
                file = self._next()
            self._number += 1
            numbered = call._replace(number=self._number)
            _write(file, json.dumps(numbered, ensure_ascii=False))
            file.under_way += 1
            return file, numbered

    def end(self, file: File, call: Begun, answered: Answered) -> int:
        """Note what became of *call*, where it began; the place of the note."""
        line = json.dumps([*call, *answered], ensure_ascii=False)
        with self._guard:
            file.under_way -= 1
            try:
                return _write(file, line)
            finally:
                if file is not self._file and not file.under_way:
                    os.close(file.descriptor)

    def close(self) -> None:
        """Let go of the file: whoever counts may finish it."""
        with self._guard:
            file, self._file = self._file, None
            if file is not None and not file.under_way:
                os.close(file.descriptor)

    def _next(self) -> File:
        if self._file is not None and not self._file.under_way:
            os.close(self._file.descriptor)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = secrets.token_hex(8)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        draft = self._folder / f"{name}.draft"
        descriptor = os.open(draft, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # before anybody can take it for over
        draft.rename(draft.with_suffix(SUFFIX))
        self._file = File(name, descriptor)
        return self._file


def _write(file: File, line: str) -> int:
    """Write one line; its place. OSError if the disk is full: what was cut is no note.

    What was cut must not run into the next note either, else both would be lost.
    """
    begins = b"\n" if file.torn else b""
    data = begins + line.encode() + b"\n"
    place = file.place + len(begins)
    written = os.write(file.descriptor, data)
    file.place += written
    if written:
        file.torn = written != len(data)
    if written != len(data):
        raise OSError("a note was cut short")
    return place


def notes(path: Path, place: int, most: int = READ_MAX) -> tuple[list[Note], int]:
    """Return the whole notes from *place* on, and the place after them."""
    with path.open("rb") as file:
        file.seek(place)
        data = file.read(most)
    found = []
    for line in data.split(b"\n")[:-1]:
        note = _note(place, line)
        if note is not None:
            found.append(note)
        place += len(line) + 1
    return found, place


def _note(place: int, line: bytes) -> Note | None:
    """Return what a line notes; None for what was cut short."""
    try:
        values = json.loads(line)
        begun = Begun(*values[: len(Begun._fields)])
        rest = values[len(Begun._fields) :]
        return Note(place, begun, Answered(*rest) if rest else None)
    except (ValueError, TypeError):
        return None


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of meters, in order."""
    if folder.is_dir():
        yield from sorted(folder.glob(f"*{SUFFIX}"))


def is_over(path: Path) -> bool:
    """Tell whether the process that wrote a file is gone, or writes another."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
