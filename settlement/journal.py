"""The journal: numbered, hash-chained records of every command with its outcome.

A record's body is the canonical JSON array ``[seq, at_us, epoch, principal, key, kind,
command, outcome]``; the outcome is ``["applied", result]`` or ``["refused", code,
facts]``. Its hash is SHA-256 over the previous record's hash and the body.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from settlement.canonical import canonical, utf8
from settlement.tables import journal, writer

GENESIS = bytes(32)
APPLIED, REFUSED = "applied", "refused"
CHUNK = 1_000


class Record(NamedTuple):
    """One record as it stands in the table."""

    seq: int
    at_us: int
    principal: int  # the member that the idempotency key belongs to
    key: str | None
    body: str
    hash: bytes


class Entry(NamedTuple):
    """One record read: what was asked, by which key, and what came of it."""

    seq: int
    at_us: int
    epoch: int
    principal: int
    key: str | None
    kind: str
    command: list[Any]
    outcome: list[Any]

    @property
    def applied(self) -> bool:
        """Tell whether the command was carried out."""
        return bool(self.outcome[0] == APPLIED)


class Chain:
    """The end of the journal: what the next record hangs on."""

    __slots__ = ("epoch", "head", "seq")

    def __init__(self, seq: int, head: bytes, epoch: int) -> None:
        """Continue after record *seq* with the hash *head*, writing as *epoch*."""
        self.seq = seq
        self.head = head
        self.epoch = epoch

    def append(
        self, at_us: int, principal: int, key: str | None, kind: str,
        command: Any, outcome: Any,
    ) -> Record:  # fmt: skip
        """Return the next record and move on to it."""
        seq = self.seq + 1
        body = canonical(
            (seq, at_us, self.epoch, principal, key, kind, command, outcome)
        )
        raw = utf8(body)
        self.head = hashlib.sha256(self.head + raw).digest()
        self.seq = seq
        return Record(seq, at_us, principal, key, raw.decode(), self.head)


def read(body: str) -> Entry:
    """Return the record whose body this is."""
    return Entry(*json.loads(body))


def records(
    db: Connection, after: int = 0, limit: int | None = None
) -> Iterator[Record]:
    """Yield the records after number *after*, at most *limit*, a chunk at a time."""
    while limit is None or limit > 0:
        size = CHUNK if limit is None else min(CHUNK, limit)
        query = (
            select(journal)
            .where(journal.c.seq > after)
            .order_by(journal.c.seq)
            .limit(size)
        )
        rows = db.execute(query).all()
        for row in rows:
            yield Record(*row)
        if len(rows) < size:
            return
        after = rows[-1].seq
        limit = None if limit is None else limit - size


def by_key(db: Connection, principal: int, key: str) -> Entry | None:
    """Return what was done under a member's idempotency key, or None."""
    query = select(journal.c.body).where(
        journal.c.principal == principal, journal.c.key == key
    )
    body = db.execute(query).scalar()
    return None if body is None else read(body)


def latest_keys(db: Connection, limit: int) -> Iterator[tuple[int, str]]:
    """Yield the last *limit* idempotency keys as (principal, key), oldest first."""
    query = (
        select(journal.c.principal, journal.c.key)
        .where(journal.c.key.is_not(None))
        .order_by(journal.c.seq.desc())
        .limit(limit)
    )
    for row in reversed(db.execute(query).all()):
        yield row.principal, row.key


def verify(db: Connection) -> Iterator[str]:
    """Yield a sentence for each break in the chain, from genesis to the head."""
    seq, head, at_us = 0, GENESIS, 0
    for record in records(db):
        if record.seq != seq + 1:
            yield f"Record {seq + 1} is missing: the next one is {record.seq}."
        if hashlib.sha256(head + record.body.encode()).digest() != record.hash:
            yield f"Record {record.seq} does not hang on the one before it."
        yield from _compare(record)
        if record.at_us < at_us:
            yield f"Record {record.seq} is earlier than the one before it."
        seq, head, at_us = record.seq, record.hash, record.at_us
    last = db.execute(select(writer.c.seq, writer.c.head)).one_or_none()
    if last is not None and tuple(last) != (seq, head):
        yield f"The writer's head is at record {last.seq}, the journal ends at {seq}."


def _compare(record: Record) -> Iterator[str]:
    """Yield a sentence if the columns differ from the body, which alone is hashed."""
    try:
        said = read(record.body)
    except (ValueError, TypeError):
        yield f"Record {record.seq} cannot be read."
        return
    columns = (record.seq, record.at_us, record.principal, record.key)
    if columns != (said.seq, said.at_us, said.principal, said.key):
        yield f"Record {record.seq} has columns that differ from its body."
