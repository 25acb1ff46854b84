"""The tape's manifest: which files are on it, and how far they tell the journal.

`manifest.json` is replaced whole, after the files that it names are on the disk. A file
that it does not name is what a crash left behind: unseen by readers, and removed before
the tape is extended. So each trade and each correction is on the tape exactly once.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MANIFEST = "manifest.json"
SCHEMA = 4  # of the columns; a tape of another schema is written anew


class Manifest(NamedTuple):
    """What the tape holds; *days* in order, each with its parts in order."""

    seq: int = 0  # number of the last command whose trades are on it
    head: str = ""  # hash of that record of the journal, hexadecimal
    trade: int = 0  # number of the last trade
    correction: int = 0  # number of the last correction
    days: Mapping[str, tuple[str, ...]] = {}  # 2026-01-31 → names of files
    corrections: tuple[str, ...] = ()  # names of files
    simulated: bool = False  # made up by `simulation`, not written from a journal

    def files(self, directory: Path) -> list[Path]:
        """Return the files of trades, by day."""
        return [
            directory / "trades" / f"day={day}" / name
            for day, names in self.days.items()
            for name in names
        ]

    def corrected(self, directory: Path) -> list[Path]:
        """Return the files of corrections, oldest first."""
        return [directory / "corrections" / name for name in self.corrections]


def read_manifest(directory: Path) -> Manifest:
    """Return what the tape in *directory* holds; nothing if it is of another schema."""
    try:
        told = json.loads((directory / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return Manifest()
    if told.pop("schema") != SCHEMA:
        return Manifest()
    days = {day: tuple(names) for day, names in told.pop("days").items()}
    return Manifest(days=days, corrections=tuple(told.pop("corrections")), **told)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace the manifest; a crash leaves the old one or the new one."""
    directory.mkdir(parents=True, exist_ok=True)
    written = directory / f".{MANIFEST}"
    told = {"schema": SCHEMA} | manifest._asdict()
    written.write_text(json.dumps(told, sort_keys=True), "utf-8")
    flush(written)
    written.replace(directory / MANIFEST)


def flush(file: Path) -> None:
    """Wait until the disk has the contents of *file*."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
