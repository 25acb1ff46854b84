"""A Merkle tree in files, as C2SP's tlog-tiles has it, so that anybody can mirror it.

A tile has up to 256 hashes of one level; those of the next level are the roots of its
full tiles. Files only grow: ``tile/<level>/<number>``, the number in groups of three
digits (``x001/x234/067``).
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from settlement.merkle import HASH, fold

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 63 // HEIGHT
_PATH = re.compile(r"((?:x\d{3}/){0,5}\d{3})(?:\.p/([1-9]\d{0,2}))?")


class Tiles:
    """The tree below a directory, of *size* leaves; what files have beyond is void."""

    def __init__(self, directory: Path, size: int) -> None:
        """Continue a tree that has *size* leaves."""
        self._there = directory
        self.size = size

    def append(self, leaves: Sequence[bytes]) -> None:
        """Add leaves by their hashes, on disk on return.

        Whoever is stopped on the way appends the same again: it is written over.
        """
        level, start, fresh = 0, self.size, list(leaves)
        while fresh:
            self._write(level, start, fresh)
            first, end = start // WIDTH, (start + len(fresh)) // WIDTH
            fresh = [
                fold(self._read(level, n * WIDTH, WIDTH)) for n in range(first, end)
            ]
            level, start = level + 1, first
        self.size += len(leaves)

    def hash(self, level: int, index: int) -> bytes:
        """Return the root over leaves ``index << level`` to the next such number."""
        tile_level, inside = divmod(level, HEIGHT)
        return fold(self._read(tile_level, index << inside, 1 << inside))

    def tile(self, level: int, place: str) -> bytes | None:
        """Return the hashes of a tile by its path below the level; None if not there.

        A tile that is not full is asked for with its width: ``067.p/12``.
        """
        found = _PATH.fullmatch(place)
        if found is None or not 0 <= level <= LEVEL_MAX:
            return None
        number = int(found[1].replace("x", "").replace("/", ""))
        width = int(found[2] or WIDTH)
        known = (self.size >> (HEIGHT * level)) - number * WIDTH
        if width > WIDTH or width > known or name(number) != found[1]:
            return None
        return b"".join(self._read(level, number * WIDTH, width))

    def _write(self, level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Write hashes of a level from position *start* on into its tiles."""
        done = 0
        while done < len(hashes):
            number, offset = divmod(start + done, WIDTH)
            part = hashes[done : done + WIDTH - offset]
            path = self._there.joinpath(str(level), name(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(file, b"".join(part), offset * HASH)
                os.fsync(file)
            finally:
                os.close(file)
            done += len(part)

    def _read(self, level: int, start: int, count: int) -> list[bytes]:
        """Return *count* hashes of one tile of a level from position *start* on."""
        number, offset = divmod(start, WIDTH)
        with (self._there.joinpath(str(level), name(number))).open("rb") as file:
            file.seek(offset * HASH)
            found = file.read(count * HASH)
        if len(found) != count * HASH:
            message = f"tile {level}/{number} is shorter than it was"
            raise OSError(message)
        return [found[at : at + HASH] for at in range(0, len(found), HASH)]


def name(number: int) -> str:
    """Return the path of a tile's number: ``x001/x234/067``."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
