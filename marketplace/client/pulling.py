"""One file brought here: whole, checked by its hash, gone on with where it broke."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from marketplace.client.answers import Damaged, Refused, Unreachable
from marketplace.client.exchange import Exchange, piece
from marketplace.client.sentences import gettext

PIECE = 256 * 1024  # bytes
TRIES_MAX = 5  # of one file, one after the other
PARTIAL = 206
PARTS = ".databourse"  # the folder of what is not yet whole, below the one pulled to
RECEIPT = re.compile("rcp_[a-z0-9]+")
KEY = re.compile("[0-9a-f]{32}")
HASH = re.compile("[0-9a-f]{64}")
# A delivery that cannot be gone on with is begun anew.
OVER = {404, 410, 416}
Progress = Callable[[int], None]  # is told how many bytes are here


class Promised(NamedTuple):
    """A file as the manifest of a right names it."""

    id: str
    name: str
    size: int
    sha256: str
    release: str


class Part(NamedTuple):
    """What is here of a file, and by which delivery."""

    file: str
    key: str  # the same again: the delivery is counted once
    receipt: str


def pull(
    exchange: Exchange,
    right: str,
    file: Promised,
    target: Path,
    parts: Path,
    progress: Progress,
) -> str:
    """Bring *file* to *target*; its receipt, or nothing if it was there already.

    What is not whole waits in the folder *parts*. Refused, Unreachable after TRIES_MAX,
    Damaged if what came is not what the manifest promises.
    """
    if target.is_file() and digest(target) == file.sha256:
        progress(file.size)
        return ""
    if not HASH.fullmatch(file.sha256):
        text = gettext("The hash of %(name)s is none.", name=file.name)
        raise Damaged(text)
    target.parent.mkdir(parents=True, exist_ok=True)
    parts.mkdir(parents=True, exist_ok=True)
    partial = parts / f"{file.sha256}.part"
    note = parts / f"{file.sha256}.json"
    part = _begun(note, file)
    for left in reversed(range(TRIES_MAX)):
        try:
            part = _bring(exchange, right, file, partial, note, part, progress)
            break
        except Unreachable:
            part = _begun(note, file)
            if not left:
                raise
    is_well = digest(partial) == file.sha256
    if is_well:
        partial.replace(target)
    partial.unlink(missing_ok=True)
    note.unlink(missing_ok=True)
    with suppress(OSError):  # others may still be in it
        parts.rmdir()
    if not is_well:
        text = gettext(
            "%(name)s is not what was promised: its hash is wrong.", name=file.name
        )
        raise Damaged(text)
    return part.receipt


def places(files: Iterable[Promised], folder: Path) -> dict[str, Path]:
    """Return where each file of a right comes below *folder*, by its id.

    Each release has a folder of its own when there are several. Damaged for a name
    that would lead elsewhere, and for two that a file system may hold for one.
    """
    files = list(files)
    several = len({file.release for file in files}) > 1
    found: dict[str, Path] = {}
    seen: set[str] = set()
    for file in files:
        name = Path(safe(file.name))
        if several:
            name = safe(re.sub(r"[/\\]", "-", file.release).lstrip(".")) / name
        if (same := normalize("NFC", str(name)).casefold()) in seen:
            text = gettext("Two files are called %(name)s: none is brought.", name=name)
            raise Damaged(text)
        seen.add(same)
        found[file.id] = folder / name
    return found


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
            part = Part(file.id, secrets.token_hex(16), "")
        else:
            return part
    _keep(note, part)
    path, wanted = f"/entitlements/{right}/deliveries", {"file": file.id}
    once = {"Idempotency-Key": part.key}
    with exchange.opened("POST", path, wanted, once) as answer:
        receipt = answer.headers.get("X-Receipt") or ""
        if not RECEIPT.fullmatch(receipt):
            raise Damaged(gettext("The exchange gave no receipt."))
        part = part._replace(receipt=receipt)
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
    """Return the delivery that an earlier call began of the same content, or a new.

    What a note says goes into addresses and headers: anything odd is not followed.
    """
    with suppress(OSError, ValueError, TypeError):
        said: dict[str, Any] = json.loads(note.read_text("utf-8"))
        part = Part(**said)
        known = not part.receipt or RECEIPT.fullmatch(part.receipt)
        if part.file == file.id and known and KEY.fullmatch(part.key):
            return part
    return Part(file.id, secrets.token_hex(16), "")


def _keep(note: Path, part: Part) -> None:
    draft = note.with_name(note.name + ".draft")
    draft.write_text(json.dumps(part._asdict()), "utf-8")
    draft.replace(note)
