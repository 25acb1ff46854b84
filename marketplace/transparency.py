"""The transparency log: the journal's records in a Merkle tree that anybody may check.

Each record is a leaf: HMAC-SHA256 of its text under a salt of its own. Without the
salt, which only the record's member is told, nobody finds out by guessing what a leaf
stands for: times and prices are public, names are not. Checkpoints (how many records,
their root) are signed and kept in files outside the database: whoever changes, drops or
adds a record afterwards contradicts them. Tiles and checkpoints have the form of C2SP
(tlog-tiles, tlog-checkpoint), the tree is that of RFC 6962.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, select

from marketplace.keeping import FOLDER, kept
from marketplace.members.tables import HOUSE
from marketplace.trading import reads
from settlement import ids, merkle
from settlement.errors import NotFound, Refusal
from settlement.journal import records
from settlement.money import BY_ASSET
from settlement.notes import BadNote, Checkpoint, Signer, new_secret, opened
from settlement.tables import journal
from settlement.tiles import Tiles

if TYPE_CHECKING:
    from marketplace.services import Services

PAUSE_S = 60.0  # between checkpoints: the schedule
CHUNK = 16_384  # records added to the files at once
NAME = "log.key"
LATEST = "checkpoint"
SHOWN_MAX = 20  # checkpoints in a list
PROOF_MAX = 1_000_000  # characters of a proof that is looked at


@dataclass(eq=False)
class NotLoggedYet(Refusal):
    """The record is not in a published checkpoint yet; the next one follows soon."""

    record: int
    size: int
    retry_after_s: int


@dataclass(eq=False)
class NoProof(Refusal):
    """This file is no proof, or it proves nothing under this log's key."""

    problem: str


class Forked(RuntimeError):
    """The journal is not the one that was published: nothing more is signed."""


class Log:
    """The log below a data directory; one process extends it, all read it."""

    def __init__(self, data: Path) -> None:
        """Read the signing key below *data*; the first process that asks makes it."""
        # The name is the log's for ever: a second exchange must not have the same.
        fresh = f"databourse/{secrets.token_hex(4)}"
        secret = kept(data / FOLDER / NAME, lambda: new_secret(fresh))
        self._signer = Signer(secret)
        self._salts = hashlib.sha256(f"salts\n{secret}".encode()).digest()
        self._there = data / "log"

    @property
    def key(self) -> str:
        """The public key that checkpoints are verified with."""
        return self._signer.public

    def note(self) -> str:
        """Return the newest checkpoint, signed: at first one of no records."""
        try:
            return (self._there / LATEST).read_text("utf-8")
        except FileNotFoundError:
            nothing = Checkpoint(self._signer.name, 0, merkle.EMPTY)
            return self._signer.sign(nothing.text())

    def head(self) -> Checkpoint:
        """Return the newest checkpoint; BadNote if the file was changed."""
        return Checkpoint.read(opened(self.note(), self.key))

    def history(self) -> list[Checkpoint]:
        """Return all checkpoints that were published, the smallest first.

        BadNote if a kept one was changed.
        """
        return [
            Checkpoint.read(opened(path.read_text("utf-8"), self.key))
            for path in sorted(self._kept(), key=lambda path: int(path.name))
        ]

    def sizes(self) -> list[int]:
        """Return the sizes of the last checkpoints, the newest first."""
        found = sorted((int(path.name) for path in self._kept()), reverse=True)
        return found[:SHOWN_MAX]

    def step(self, reads: Engine) -> int:
        """Add the new records and publish a checkpoint; return how many they were.

        Forked if the records are not those that were published before.
        """
        head = self.head()
        tiles = Tiles(self._tile_folder, head.size)
        with reads.connect() as db:
            self._must_agree(db, tiles)
            fresh = records(db, after=head.size)
            while chunk := list(islice(fresh, CHUNK)):
                if chunk[-1].seq != tiles.size + len(chunk):
                    message = f"record {tiles.size + 1} or a later one is missing"
                    raise Forked(message)
                tiles.append([self.leaf(one.seq, one.body) for one in chunk])
        if tiles.size > head.size:
            root = merkle.root(tiles, 0, tiles.size)
            self._publish(Checkpoint(self._signer.name, tiles.size, root))
        return tiles.size - head.size

    def salt(self, record: int) -> bytes:
        """Return the salt of a record: for its member alone."""
        return hmac.digest(self._salts, str(record).encode(), "sha256")

    def leaf(self, record: int, body: str) -> bytes:
        """Return the leaf's hash of a record with the text *body*."""
        return leaf_of(self.salt(record), body)

    def tile(self, level: int, place: str) -> bytes | None:
        """Return a published tile by its level and path; None if there is none."""
        return self._tiles().tile(level, place)

    def inclusion(self, record: int, size: int) -> list[bytes]:
        """Return the audit path of a record in the first *size* published ones.

        NotLoggedYet if it is not one of them.
        """
        if not 1 <= record <= size:
            raise NotLoggedYet(record, size, int(PAUSE_S))
        return merkle.inclusion(Tiles(self._tile_folder, size), record - 1, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of *old* records begins that of *new*.

        NotFound if the log has not been that large, or *old* is not below *new*.
        """
        tiles = self._tiles()
        if not 0 < old <= new <= tiles.size:
            raise NotFound("checkpoint", f"{old}-{new}")
        return merkle.consistency(tiles, old, new)

    def breaks(self, db: Connection) -> Iterator[str]:
        """Yield a sentence for each checkpoint that the journal contradicts (A2).

        All checkpoints that agree with one journal are consistent with each other.
        """
        try:
            waiting = self.history()
        except BadNote:
            yield "A kept checkpoint of the log was changed: its signature is wrong."
            return
        if not waiting:
            return
        frontier = merkle.Frontier()
        for record in records(db):
            frontier.append(self.leaf(record.seq, record.body))
            while waiting and waiting[0].size == frontier.size:
                said = waiting.pop(0)
                if said.root != frontier.root():
                    yield f"The first {said.size} records are not those published."
        for said in waiting:
            yield f"The log was published with {said.size} records; some are missing."

    @property
    def _tile_folder(self) -> Path:
        return self._there / "tile"

    def _tiles(self) -> Tiles:
        return Tiles(self._tile_folder, self.head().size)

    def _kept(self) -> Iterator[Path]:
        return (self._there / "checkpoints").glob("[0-9]*")

    def _must_agree(self, db: Connection, tiles: Tiles) -> None:
        """Refuse to go on (Forked) if the last published record is another one now."""
        if tiles.size == 0:
            return
        query = select(journal.c.body).where(journal.c.seq == tiles.size)
        found, last = db.scalar(query), tiles.hash(0, tiles.size - 1)
        if found is None or self.leaf(tiles.size, found) != last:
            message = f"record {tiles.size} is not the one that was published"
            raise Forked(message)

    def _publish(self, said: Checkpoint) -> None:
        note = self._signer.sign(said.text())
        kept_as = self._there / "checkpoints" / str(said.size)
        kept_as.parent.mkdir(parents=True, exist_ok=True)
        for path in (kept_as, self._there / LATEST):
            draft = path.with_name(f".{path.name}.part")
            with draft.open("w", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)


class Proven(NamedTuple):
    """What a proof shows."""

    record: int  # its number in the journal
    checkpoint: Checkpoint
    body: str | None  # the record itself, where it is shown
    statement: str | None  # what the exchange signed about a trade in it


def leaf_of(salt: bytes, body: str) -> bytes:
    """Return the leaf's hash of a record's text under its salt."""
    return merkle.leaf(hmac.digest(salt, body.encode(), "sha256"))


def prove(
    log: Log, db: Connection, record: int, *, shown_to: int | None = None
) -> dict[str, Any]:
    """Return the proof that a record is in the log, as JSON that stands alone.

    *shown_to* is the member that asks: whose command it was also gets the record's text
    and salt. NotFound, NotLoggedYet.
    """
    query = select(journal).where(journal.c.seq == record)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("record", str(record))
    note = log.note()  # read once: a newer one has another path
    path = log.inclusion(record, Checkpoint.read(opened(note, log.key)).size)
    own = shown_to is not None and shown_to == row.principal != HOUSE
    return {
        "record": record,
        "leaf": log.leaf(record, row.body).hex(),
        "path": [one.hex() for one in path],
        "checkpoint": note,
        "body": row.body if own else None,
        "salt": log.salt(record).hex() if own else None,
    }


def prove_trade(parts: "Services", trade: int, member: int) -> dict[str, Any]:
    """Return the proof that a trade of *member* is in the log, and what we say of it.

    NotFound if the trade is not the member's, NotLoggedYet.
    """
    with parts.reads.connect() as db:
        row = reads.trade(db, trade, member)
        proof = prove(parts.log, db, row.seq, shown_to=member)
    return proof | {"statement": parts.seal.sign(told(row, proof["leaf"]))}


def told(trade: Row[Any], leaf: str) -> str:
    """Return what the exchange signs about a trade: its facts and its record."""
    return json.dumps(
        {
            "trade": ids.encode("trade", trade.id),
            "record": trade.seq,
            "leaf": leaf,
            "at_us": trade.at_us,
            "instrument": ids.encode("instrument", trade.instrument),
            "symbol": trade.symbol,
            "price": trade.price,
            "quantity": trade.quantity,
            "currency": BY_ASSET[trade.currency].code,
            "buyer": ids.encode("member", trade.buyer),
            "seller": ids.encode("member", trade.seller),
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def verify(proof: str | bytes, key: str) -> Proven:
    """Return what a proof shows to whoever trusts the log's public *key*.

    Needs neither network nor database. NoProof says what is wrong.
    """
    if len(proof) > PROOF_MAX:
        raise NoProof("too long")
    try:
        said = json.loads(proof)
        record, leaf = int(said["record"]), bytes.fromhex(said["leaf"])
        path: Sequence[bytes] = [bytes.fromhex(one) for one in said["path"]]
        salt = bytes.fromhex(said.get("salt") or "")
        note, body = _text(said["checkpoint"]), _text(said.get("body"))
        statement = _text(said.get("statement"))
    except (ValueError, ArithmeticError, LookupError, TypeError, RecursionError):
        raise NoProof("unreadable") from None
    try:
        checkpoint = Checkpoint.read(opened(note, key))
    except BadNote:
        raise NoProof("checkpoint") from None
    if body and leaf_of(salt, body) != leaf:
        raise NoProof("body")
    if body and not body.startswith(f"[{record},"):
        raise NoProof("record")
    if not merkle.includes(leaf, record - 1, checkpoint.size, path, checkpoint.root):
        raise NoProof("path")
    return Proven(record, checkpoint, body or None, statement or None)


def _text(value: Any) -> str:
    """Return a text that has bytes; empty for null. ValueError, TypeError."""
    if not isinstance(value, str | None):
        raise TypeError(value)
    return (value or "").encode().decode()
