"""One file brought here: whole, checked by its hash, gone on with where it broke."""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

from marketplace.client.answers import Damaged, Refused, Unreachable
from marketplace.client.exchange import Exchange, piece
from marketplace.client.sentences import gettext

PIECE = 256 * 1024  # bytes
TRIES_MAX = 5  # of one file, one after the other
PARTIAL = 206
# A delivery that cannot be gone on with is begun anew.
OVER = {404, 410, 416}
Progress = Callable[[int], None]  # is told how many bytes are here


class Promised(NamedTuple):
    """A file as the manifest of a right names it."""

    id: str
    name: str
    size: int
    sha256: str


class Part(NamedTuple):
    """What is here of a file, and by which delivery."""

    sha256: str
    key: str  # the same again: the delivery is counted once
    receipt: str


def pull(
    exchange: Exchange,
    right: str,
    file: Promised,
    folder: Path,
    progress: Progress,
) -> str:
    """Bring *file* into *folder*; its receipt, or nothing if it was there already.

    Refused, Unreachable after TRIES_MAX, Damaged if what came is not what the manifest
    promises.
    """
    target = folder / safe(file.name)
    if target.is_file() and digest(target) == file.sha256:
        progress(file.size)
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    note = target.with_name(target.name + ".part.json")
    part = _begun(note, file)
    for left in reversed(range(TRIES_MAX)):
        try:
            part = _bring(exchange, right, file, partial, note, part, progress)
            break
        except Unreachable:
            part = _begun(note, file)
            if not left:
                raise
    if digest(partial) != file.sha256:
        partial.unlink()
        note.unlink(missing_ok=True)
        text = gettext(
            "%(name)s is not what was promised: its hash is wrong.", name=file.name
        )
        raise Damaged(text)
    partial.replace(target)
    note.unlink(missing_ok=True)
    return part.receipt


def safe(name: str) -> str:
    """Return a file's name; Damaged for one that would lead elsewhere."""
    odd = not name or name.startswith(".") or not name.isprintable()
    if odd or Path(name).name != name:
        text = gettext("A file is called %(name)s: not written here.", name=ascii(name))
        raise Damaged(text)
    return name


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bring(
    exchange: Exchange,
    right: str,
    file: Promised,
    partial: Path,
    note: Path,
    part: Part,
    progress: Progress,
) -> Part:
    """Go on with a delivery that was begun, or begin one."""
    if part.receipt:
        here = partial.stat().st_size if partial.exists() else 0
        if here == file.size:
            return part
        told = {"Range": f"bytes={here}-", "If-Range": f'"{file.sha256}"'}
        path = f"/receipts/{part.receipt}/content"
        try:
            with exchange.opened("GET", path, None, told) as answer:
                going_on = answer.status == PARTIAL
                _write(answer, partial, here if going_on else 0, file, progress)
        except Refused as refused:
            if refused.status not in OVER:
                raise
            part = Part(file.sha256, secrets.token_hex(16), "")
        else:
            return part
    _keep(note, part)
    path, wanted = f"/entitlements/{right}/deliveries", {"file": file.id}
    once = {"Idempotency-Key": part.key}
    with exchange.opened("POST", path, wanted, once) as answer:
        part = part._replace(receipt=answer.headers.get("X-Receipt") or "")
        _keep(note, part)
        _write(answer, partial, 0, file, progress)
    return part


def _write(
    answer: HTTPResponse, partial: Path, at: int, file: Promised, progress: Progress
) -> None:
    """Write what comes from byte *at* on; Unreachable if it breaks off."""
    with partial.open("r+b" if at else "wb") as out:
        out.seek(at)
        out.truncate()
        progress(at)
        while came := piece(answer, PIECE):
            out.write(came)
            progress(out.tell())
            if out.tell() > file.size:
                break
        here = out.tell()
    if here < file.size:
        raise Unreachable


def _begun(note: Path, file: Promised) -> Part:
    """Return the delivery that an earlier call began of the same content, or a new."""
    with suppress(OSError, ValueError, TypeError):
        said: dict[str, Any] = json.loads(note.read_text("utf-8"))
        part = Part(**said)
        if part.sha256 == file.sha256:
            return part
    return Part(file.sha256, secrets.token_hex(16), "")


def _keep(note: Path, part: Part) -> None:
    draft = note.with_name(note.name + ".draft")
    draft.write_text(json.dumps(part._asdict()), "utf-8")
    draft.replace(note)
