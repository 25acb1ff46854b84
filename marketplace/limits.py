"""How often somebody may ask: limits on requests, and on attempts to sign in."""

from dataclasses import dataclass
from hashlib import sha256
from threading import Timer
from typing import ClassVar, cast

from flask import Flask, current_app, request
from flask_limiter import Limiter
from flask_login import current_user
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import RateLimiter

from marketplace.config import Config
from settlement import clock
from settlement.errors import Refusal

SIGN_IN_ACCOUNT = "10 per 5 minutes; 50 per day"
SIGN_IN_ADDRESS = "60 per 5 minutes; 1000 per day"
SIGN_UP_ADDRESS = "20 per hour"
SWEEP_S = 5
EXTENSION = "databourse limiter"
PASSWORD_USER = "10 per 5 minutes"  # noqa: S105 (a rate, not a secret)


@dataclass(eq=False)
class TooManyTries(Refusal):
    """Too many attempts; wait a while before the next one."""

    retry_after_s: int


class Sweep:
    """A timer that counts as running for a while after it has fired."""

    def __init__(self, timer: Timer) -> None:
        """Wrap *timer*, which looks for counters that have expired."""
        self._timer = timer
        self._began_s = clock.elapsed_s()

    def start(self) -> None:
        """Start the timer."""
        self._timer.start()

    def is_alive(self) -> bool:
        """Tell whether it is too early for the next sweep."""
        return clock.elapsed_s() - self._began_s < SWEEP_S


class SweptStorage(MemoryStorage):
    """Counters in memory; expired ones are swept out every few seconds.

    The library's own storage starts a thread for it at nearly every request, which
    was a fifth of what a request cost.
    """

    STORAGE_SCHEME: ClassVar = ["swept"]  # type: ignore[misc]  # an attribute there

    @property
    def timer(self) -> Timer:
        """Return what the library asks whether a sweep is under way."""
        return cast("Timer", self._sweep)

    @timer.setter
    def timer(self, timer: Timer) -> None:
        """Take the library's timer, and let it rest after it has fired."""
        self._sweep = Sweep(timer)


def principal() -> str:
    """Return who asks: the key, else the user, else the address."""
    if current_user.is_authenticated:
        return f"key {current_user.key}" if current_user.key else f"{current_user.id}"
    return f"from {request.remote_addr}"


def init_app(app: Flask, config: Config) -> None:
    """Limit all requests of one principal together; files of ``static`` are free."""
    app.config.update(
        RATELIMIT_ENABLED=config.rate_limits,
        RATELIMIT_HEADERS_ENABLED=False,
    )
    # One for each application: init_app adds its limits to those already there.
    limiter = Limiter(
        principal,
        application_limits=[config.rate_limit],
        storage_uri="swept://",
        strategy="moving-window",
    )
    limiter.init_app(app)
    limiter.request_filter(lambda: request.endpoint in {"static", "healthz", "readyz"})
    app.extensions[EXTENSION] = limiter


def count(what: str, who: str, rates: str) -> None:
    """Count an attempt at *what* by *who*; TooManyTries when *rates* are used up."""
    if not current_app.config["RATELIMIT_ENABLED"]:
        return
    name = sha256(who.encode()).hexdigest()  # no addresses in the storage
    limiter: RateLimiter = current_app.extensions[EXTENSION].limiter
    for rate in parse_many(rates):
        if not limiter.hit(rate, what, name):
            raise TooManyTries(_wait_s(limiter, rate, what, name))


def _wait_s(limiter: RateLimiter, rate: RateLimitItem, what: str, name: str) -> int:
    ends_s = int(limiter.get_window_stats(rate, what, name).reset_time)
    return max(1, ends_s - clock.now_us() // clock.SECOND_US + 1)
