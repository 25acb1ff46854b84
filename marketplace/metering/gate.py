"""Who may call a service now: the key, from where, under which right, how often."""

import hmac
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from marketplace.limits import TooManyTries
from marketplace.metering import keys, standing
from marketplace.metering.keys import SIGNED_S, TOKEN, BadServiceKey
from marketplace.metering.standing import FRESH_S, ZONE_US, Facts, Key, Standing
from marketplace.vault import Vault
from settlement import clock, ids
from settlement.errors import NotFound, Refusal

STANDINGS_MAX = 10_000  # known in one process; the longest unused are forgotten
FAILURES_MAX = 60  # keys that are none, named from one address in a minute
STALE_S = 0.9  # at most, while another thread looks
BEARER = "Bearer "


@dataclass(eq=False)
class AddressNotAllowed(Refusal):
    """This key may not be used from this address."""

    address: str


class Come(NamedTuple):
    """A request as far as the gate looks at it."""

    entitlement: str
    authorization: str
    key: str  # of a signed request
    timestamp: str
    signature: str
    method: str
    path: str  # with its query, as it was asked for
    body: bytes
    address: str


class Admitted(NamedTuple):
    """Who may come in: by this key, under this right, as it stood just now."""

    key: Key
    standing: Standing
    facts: Facts


class Gate:
    """All standings of one process; its methods suit any thread."""

    def __init__(self, reads: Engine, writes: Engine, vault: Vault) -> None:
        """Ask the records by *reads*; record used signatures by *writes*."""
        self._reads, self._writes, self._vault = reads, writes, vault
        self._known: OrderedDict[int, Standing] = OrderedDict()
        self._guard = threading.Lock()
        self._swept_s = 0
        self._secrets: dict[str, str] = {}
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self.used: dict[int, int] = {}  # key → when, for `keys.touch`

    def admit(self, come: Come) -> Admitted:
        """Let a request in, or refuse it; a key that is not known learns nothing."""
        token = come.authorization.removeprefix(BEARER).strip() or come.key
        parts = TOKEN.fullmatch(token)
        if parts is None or bool(parts[2]) == bool(come.signature):
            raise BadServiceKey
        try:
            number = ids.decode("entitlement", come.entitlement)
            self._check_prefix(number, parts[1], come.address)
            found = self._standing(number)
            facts = self.look(found, parts[1])
        except NotFound:
            raise BadServiceKey from None
        key = facts.keys.get(parts[1])
        now_us = clock.now_us()
        if key is None or not keys.is_living(key.row, now_us):
            raise BadServiceKey
        if come.signature:
            self._check_signature(key, come, now_us)
        elif key.row.hash is None or not hmac.compare_digest(
            key.row.hash, sha256((parts[2] or "").encode()).digest()
        ):
            raise BadServiceKey
        if not keys.admits(key.networks, come.address):
            raise AddressNotAllowed(come.address)
        if come.signature:
            found.check(facts, now_us)  # no more is recorded than may be called
            self._spend(key, come, now_us // clock.SECOND_US)
        self.used[key.row.id] = now_us
        return Admitted(key, found, facts)

    def _check_prefix(self, entitlement: int, prefix: str, address: str) -> None:
        """Refuse a key that the right does not have, before anything is kept of it.

        BadServiceKey; TooManyTries from an address that named too many of these.
        """
        with self._guard:
            known = self._known.get(entitlement)
            facts = known.facts if known else None
            if facts is not None and prefix in facts.keys:
                return
            minute = clock.now_us() // clock.MINUTE_US
            since, failures = self._failures.get(address, (minute, 0))
            failures = failures if since == minute else 0
        if failures >= FAILURES_MAX:
            raise TooManyTries(clock.MINUTE_US // clock.SECOND_US)
        with self._reads.connect() as db:
            if keys.is_key_of(db, prefix, entitlement):
                return
        with self._guard:
            self._failures[address] = minute, failures + 1
            self._failures.move_to_end(address)
            if len(self._failures) > STANDINGS_MAX:
                self._failures.popitem(last=False)
        raise BadServiceKey

    def look(self, known: Standing, prefix: str) -> Facts:
        """Return the facts of a right, not older than a second; or its refusal."""
        facts = known.facts
        if facts is not None and prefix in facts.keys:
            age_s = clock.elapsed_s() - facts.read_s
            if age_s < FRESH_S and clock.now_us() < facts.ends_us:
                return facts
            if age_s < STALE_S and known.refreshing.locked():
                return facts
        with known.refreshing:
            newer = known.facts
            if newer is not facts and newer is not None and prefix in newer.keys:
                return newer
            try:
                with self._reads.connect() as db:
                    known.facts = standing.read(db, known)
                    self._begin_day(db, known)
            except Refusal:
                known.facts = None
                raise
            if prefix not in known.facts.keys:
                raise BadServiceKey
            return known.facts

    @staticmethod
    def _begin_day(db: Connection, known: Standing) -> None:
        """Take over what other processes, or one before, let through today."""
        if known.day[0] < 0:
            now_us = clock.now_us()
            counted = standing.calls_of_day(db, known.entitlement, now_us)
            known.day = ((now_us + ZONE_US) // clock.DAY_US, counted)

    def _standing(self, entitlement: int) -> Standing:
        with self._guard:
            found = self._known.get(entitlement)
            if found is None:
                found = self._known[entitlement] = Standing(entitlement)
                if len(self._known) > STANDINGS_MAX:
                    self._forget()
            else:
                self._known.move_to_end(entitlement)
            return found

    def _forget(self) -> None:
        """Forget the longest unused one with nothing under way or uncounted."""
        for number, known in self._known.items():
            if not known.under_way and not known.pending:
                del self._known[number]
                return

    def _check_signature(self, key: Key, come: Come, now_us: int) -> None:
        """Refuse a signature that is wrong or old."""
        if key.row.kind != "signed":
            raise BadServiceKey
        stamp = come.timestamp
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise BadServiceKey
        now_s = now_us // clock.SECOND_US
        if abs(now_s - int(stamp)) > SIGNED_S:
            raise BadServiceKey
        sealed = key.row.sealed
        if sealed not in self._secrets:
            if len(self._secrets) >= STANDINGS_MAX:
                self._secrets.clear()
            self._secrets[sealed] = self._vault.unlock(sealed)
        due = keys.signature(
            self._secrets[sealed], stamp, come.method, come.path, come.body
        )
        if not hmac.compare_digest(due.encode(), come.signature.encode()):
            raise BadServiceKey

    def _spend(self, key: Key, come: Come, now_s: int) -> None:
        """Refuse a signature that was used before, by whatever process."""
        stamp = int(come.timestamp)
        with self._writes.begin() as db:
            if now_s - self._swept_s >= SIGNED_S:
                self._swept_s = now_s
                keys.forget_signatures(db, now_s)
            new = keys.spend(db, key.row.id, come.signature, stamp)
        if not new:
            raise BadServiceKey


def come_of(environ: Mapping[str, object], entitlement: str, body: bytes) -> Come:
    """Return a request of the WSGI server as the gate takes it."""

    def said(name: str) -> str:
        return str(environ.get(name, ""))

    path = said("RAW_URI") or said("REQUEST_URI")
    return Come(
        entitlement,
        said("HTTP_AUTHORIZATION"),
        said("HTTP_DATABOURSE_KEY"),
        said("HTTP_DATABOURSE_TIMESTAMP"),
        said("HTTP_DATABOURSE_SIGNATURE"),
        said("REQUEST_METHOD"),
        path,
        body,
        said("REMOTE_ADDR"),
    )
