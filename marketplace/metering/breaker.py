"""A circuit breaker: a service that keeps failing is left in peace for a while."""

import threading
from dataclasses import dataclass, field

from settlement import clock
from settlement.errors import Refusal

FAILURES_MAX = 5  # one after the other
REST_S = 5.0  # after these; doubled for each probe that fails
REST_S_MAX = 60.0
AT_ONCE_MAX = 64  # calls of one service under way in one process


@dataclass(eq=False)
class ServiceRests(Refusal):
    """The vendor's service keeps failing; it is called again after a rest."""

    retry_after_s: int


@dataclass(eq=False)
class ServiceFull(Refusal):
    """As many calls of this service are under way as it may have."""

    retry_after_s: int = 1


@dataclass(eq=False)
class Breaker:
    """Of one service: closed, open, or letting one probe through."""

    failures: int = 0
    rest_s: float = 0.0
    until_s: float = 0.0
    under_way: int = 0
    probing: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> None:
        """Let a call through; ServiceRests or ServiceFull if it may not go."""
        with self._guard:
            if self.under_way >= AT_ONCE_MAX:
                raise ServiceFull
            if self.rest_s:
                left_s = self.until_s - clock.elapsed_s()
                if left_s > 0 or self.probing:
                    raise ServiceRests(max(1, round(left_s)))
                self.probing = True
            self.under_way += 1

    def leave(self, *, failed: bool) -> None:
        """Note how a call that was let through has ended."""
        with self._guard:
            self.under_way -= 1
            probe, self.probing = self.probing, False
            if not failed:
                self.failures, self.rest_s = 0, 0.0
                return
            self.failures += 1
            if probe or self.failures >= FAILURES_MAX:
                self.rest_s = min(REST_S_MAX, max(REST_S, 2 * self.rest_s))
                self.until_s = clock.elapsed_s() + self.rest_s
