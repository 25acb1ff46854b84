"""Texts under a person's key: sealed at the door, opened for whoever may read them.

AES-SIV (RFC 5297): the same text of the same person is sealed in the same way, so that
a command repeated under its idempotency key is the same command.
"""

import base64
import binascii
import logging
import secrets
from collections.abc import Callable
from typing import Any, Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from joserfc.errors import JoseError
from sqlalchemy import Connection, Engine, and_, select, update

from marketplace.privacy.tables import text_keys
from marketplace.trading.billing import AskInvoice
from marketplace.trading.commands import Command
from marketplace.trading.erasing import PERSON
from marketplace.trading.erasure_tables import erasures
from marketplace.trading.objecting import AnswerDispute, OpenDispute
from marketplace.trading.quoting import CounterOffer, OfferPrice
from marketplace.trading.recording import FileTrade
from marketplace.trading.texts import EACH_MAX, SEALED, UNSTORABLE, seal_of
from marketplace.trading.using import DeclareUse
from marketplace.vault import Vault
from settlement import clock
from settlement.store import in_turn, insert

KEY_BYTES = 64  # AES-256 in SIV takes two keys
TEXT_MAX = 4_000  # characters; what is longer no command takes
# What people write in their own words; codes, terms and names of things are none.
WRITTEN: dict[type, str] = {
    OfferPrice: "note",
    CounterOffer: "note",
    OpenDispute: "note",
    AnswerDispute: "note",
    AskInvoice: "note",
    FileTrade: "note",
    DeclareUse: "statement",
}
_k = text_keys.c
log = logging.getLogger(__name__)


class Noted(Protocol):
    """A command with words of a person."""

    by: int

    def _replace(self, **values: str) -> "Noted":
        """Return it with other words."""


class Texts:
    """Seals and opens what persons wrote; safe to share between threads."""

    def __init__(
        self,
        reads: Engine,
        writes: Engine,
        vault: Vault,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Read keys with *reads*, make them with *writes*; *vault* locks them up.

        New keys are taken from *chance*, which only a market that is made up replaces.
        """
        self._chance = chance
        self._reads = reads
        self._writes = writes
        self._vault = vault

    def hidden(self, command: Command) -> Command:
        """Return *command* with what its user wrote sealed."""
        name = WRITTEN.get(type(command))
        if name is None:
            return command
        noted = cast("Noted", command)
        sealed = self.seal(noted.by, getattr(noted, name))
        return cast("Command", noted._replace(**{name: sealed}))

    def seal(self, user: int, text: str) -> str:
        """Return *text* sealed under the user's key.

        As it is if nobody wrote it, if it is sealed already (a command that waited for
        a colleague), or if it is what the market refuses to record.
        """
        too_much = len(text) > TEXT_MAX * EACH_MAX or UNSTORABLE.search(text)
        if user <= 0 or not text.strip() or too_much or self._is_own(user, text):
            return text
        key = self._key(user)
        if key is None:  # erased: nothing of theirs is kept in words any more
            return ""
        cipher = AESSIV(key).encrypt(text.encode(), [_bound_to(user)])
        return seal_of(user, base64.urlsafe_b64encode(cipher).decode().rstrip("="))

    def open(self, text: str) -> str | None:
        """Return what a recorded text says; None if its writer was erased.

        None, too, if the exchange's own key no longer opens the writer's.
        """
        found = SEALED.fullmatch(text)
        if found is None:
            return text
        user, hidden = int(found[1]), found[2]
        with self._reads.connect() as db:
            try:
                key = self._known(db, user)
            except JoseError:
                log.exception("the key of user %s does not open", user)
                return None
        if key is None:
            return None
        try:
            cipher = base64.urlsafe_b64decode(hidden + "=" * (-len(hidden) % 4))
            return AESSIV(key).decrypt(cipher, [_bound_to(user)]).decode()
        except (binascii.Error, InvalidTag):
            return text  # it only looks like a sealed one

    def _is_own(self, user: int, text: str) -> bool:
        """Tell whether *text* is one that the user sealed: never another's."""
        found = SEALED.fullmatch(text)
        return found is not None and int(found[1]) == user and self.open(text) != text

    def _key(self, user: int) -> bytes | None:
        """Return the user's key, made now if there is none; None: erased."""
        now_us = clock.now_us()
        with self._reads.connect() as db:
            row = db.execute(select(text_keys).where(_k.user == user)).first()
            fresh = row is not None and row.used_us > now_us - clock.DAY_US
            if fresh or (row is not None and row.sealed is None):
                return self._known(db, user)
        with self._writes.begin() as db:
            in_turn(db)  # of two at once the second sees the first
            made = self._vault.lock(self._chance(KEY_BYTES).hex())
            used = update(text_keys).where(_k.user == user).values(used_us=now_us)
            if not db.execute(used).rowcount:
                insert(db, text_keys, [(user, made, now_us, now_us, None)])
            return self._known(db, user)

    def _known(self, db: Connection, user: int) -> bytes | None:
        """Return the key of a user who was not erased, or None."""
        forgotten = and_(erasures.c.what == PERSON, erasures.c.subject == _k.user)
        query: Any = (
            select(_k.sealed)
            .outerjoin(erasures, forgotten)
            .where(_k.user == user, _k.sealed.is_not(None), erasures.c.seq.is_(None))
        )
        sealed = db.scalar(query)
        return None if sealed is None else bytes.fromhex(self._vault.unlock(sealed))


def _bound_to(user: int) -> bytes:
    """Return what a text is bound to: moved to another person it opens for nobody."""
    return f"databourse text {user}".encode()
