"""What time does to a registration: the notice lapses, the term ends, a renewal is due.

Three days of notice [Beibu Gulf Big Data Exchange], three years of validity
[发改数据规〔2025〕26号], renewal within the last 60 days. The clock is the exchange's.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row

from settlement.clock import DAY_US
from settlement.errors import Refusal

NOTICE_DAYS = 3
NOTICE_US = NOTICE_DAYS * DAY_US
TERM_US = 1_096 * DAY_US  # three years, one of which may be a leap year
RENEWAL_US = 60 * DAY_US  # before the end


@dataclass(eq=False)
class NoticeRuns(Refusal):
    """The public notice is not over yet: objections may still come."""

    until_us: int


@dataclass(eq=False)
class RenewalTooEarly(Refusal):
    """A registration is renewed in its last 60 days."""

    from_us: int


@dataclass(eq=False)
class RegistrationExpired(Refusal):
    """The registration has expired; it must be renewed first."""

    expired_us: int


class Renewal(NamedTuple):
    """The newest registration of a product, and what its end means."""

    registration: Row[Any] | None

    def require_due(self, now_us: int) -> None:
        """Refuse with RenewalTooEarly before the last 60 days."""
        if self.registration is not None:
            from_us = self.registration.expires_us - RENEWAL_US
            if now_us < from_us:
                raise RenewalTooEarly(from_us)

    def require_valid(self, now_us: int) -> None:
        """Refuse with RegistrationExpired after the end."""
        if self.registration is not None and self.registration.expires_us <= now_us:
            raise RegistrationExpired(self.registration.expires_us)

    def expiry(self, now_us: int, term_us: int) -> int:
        """Return when the next registration ends.

        A first one lasts a term; a renewal or change in the last 60 days adds a term to
        the rest; an earlier change of facts keeps the end.
        """
        if self.registration is None or self.registration.expires_us <= now_us:
            return now_us + term_us
        end_us = int(self.registration.expires_us)
        return end_us + term_us if now_us >= end_us - RENEWAL_US else end_us
