"""The storage of delivered files: by content, in the place that FILES_URL names."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from settlement.errors import NotFound, Refusal

FILE_MAX = 2 * 1024**3  # bytes of one file
CHUNK = 1024 * 1024
DIRECTORY = "file:"
KEY = re.compile(r"[0-9a-f]{64}")
UNKNOWN = "application/octet-stream"
MEDIA_TYPES = {
    ".arrow": "application/vnd.apache.arrow.file",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".html": "text/html",
    ".md": "text/markdown",
    ".ndjson": "application/x-ndjson",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}


class Stored(NamedTuple):
    """Where a stored content is, how long it is and what it hashes to."""

    key: str
    size: int  # bytes
    sha256: str


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""


@dataclass(eq=False)
class FileTooLarge(Refusal):
    """The file is larger than the exchange takes."""

    limit: int


class Storage:
    """A directory of files, each named by the SHA-256 of its content."""

    def __init__(self, url: str) -> None:
        """Store in the directory of *url*, ``file:/path``; made when first needed."""
        assert url.startswith(DIRECTORY), f"FILES_URL is file:DIRECTORY, not {url}"
        self._root = Path(url.removeprefix(DIRECTORY))

    def put(self, stream: Readable, limit: int = FILE_MAX) -> Stored:
        """Store what *stream* gives; durable when it returns, whole or not at all.

        Equal content is kept once. FileTooLarge beyond *limit* bytes.
        """
        drafts = self._root / "drafts"
        drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = drafts / secrets.token_hex(16)
        try:
            with draft.open("xb") as file:
                stored = _copy(stream, file, limit)
                file.flush()
                os.fsync(file.fileno())
            self._keep(draft, self._path(stored.key))
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
        return stored

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open a stored content for reading; NotFound if there is none."""
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound("file", key[:64]) from None
        with file:
            yield file

    def read(self, key: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """Yield a stored content in pieces, so that none is ever whole in memory.

        NotFound at once if there is none: before an answer has begun.
        """
        if not self.has(key):
            raise NotFound("file", key[:64])
        return self._pieces(key, chunk)

    def has(self, key: str) -> bool:
        """Tell whether that content is stored."""
        return self._path(key).is_file()

    def _pieces(self, key: str, chunk: int) -> Iterator[bytes]:
        with self.open(key) as file:
            while piece := file.read(chunk):
                yield piece

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):  # no key of ours may leave the directory
            raise NotFound("file", key[:64])
        return self._root / key[:2] / key

    def _keep(self, draft: Path, there: Path) -> None:
        there.parent.mkdir(exist_ok=True, mode=0o700)
        draft.replace(there)
        for directory in (there.parent, self._root):
            _sync(directory)


def media_type(name: str) -> str:
    """Return the media type that a file's *name* promises."""
    return MEDIA_TYPES.get(Path(name).suffix.lower(), UNKNOWN)


def _copy(stream: Readable, file: BinaryIO, limit: int) -> Stored:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(CHUNK):
        size += len(piece)
        if size > limit:
            raise FileTooLarge(limit)
        digest.update(piece)
        file.write(piece)
    return Stored(digest.hexdigest(), size, digest.hexdigest())


def _sync(directory: Path) -> None:
    """Make a new name in *directory* survive a power failure."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
