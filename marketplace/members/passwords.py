"""Passwords: hashed with Argon2id, a few at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from listings.marking import N_
from settlement.errors import Busy, Invalid

PASSWORD_MIN = 10
PASSWORD_MAX = 128
HASHES_MAX = 4  # at the same time: each takes 64 MiB and a core for a third of a second
WAIT_S = 5
_WEAK = frozenset({"password", "databourse", "1234567890", "qwertyuiop", "0123456789"})


class Passwords:
    """The one hasher of a process; more than HASHES_MAX askers wait, then are Busy."""

    def __init__(self, *, fast: bool = False) -> None:
        """Take RFC 9106's low-memory parameters, or *fast* ones that only tests use."""
        self._hasher = PasswordHasher()
        if fast:
            self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._slots = BoundedSemaphore(HASHES_MAX)
        self._nobody = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Return the Argon2id hash of *password*; Busy if too many ask at once."""
        with self._slot():
            return self._hasher.hash(password)

    def matches(self, known: str | None, password: str) -> bool:
        """Tell whether *password* has the hash *known*.

        Without one (an unknown user) the work is done all the same, so that the time
        of the answer does not tell who exists.
        """
        with self._slot():
            try:
                self._hasher.verify(known or self._nobody, password[:PASSWORD_MAX])
            except VerificationError:
                return False
        return known is not None

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=WAIT_S):
            raise Busy(retry_after_s=WAIT_S)
        try:
            yield
        finally:
            self._slots.release()


def check_strength(password: str, email: str) -> None:
    """Refuse as Invalid a password that is too short, too long or easily guessed.

    Length matters, composition rules do not: NIST SP 800-63B-4 §3.1.1.2.
    """
    problems = list(_problems(password, email))
    if problems:
        raise Invalid({"password": problems})


def _problems(password: str, email: str) -> Iterator[str]:
    if len(password) < PASSWORD_MIN:
        yield N_("Use at least 10 characters.")
    if len(password) > PASSWORD_MAX:
        yield N_("Use at most 128 characters.")
    plain = password.strip().lower()
    if plain in _WEAK or plain in {email, email.partition("@")[0]}:
        yield N_("This password is too easy to guess.")
    if password and len(set(password)) < 4:
        yield N_("Use more different characters.")
