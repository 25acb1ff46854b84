"""The only clock: integer microseconds since 1970, UTC."""

import time
from datetime import UTC, datetime

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


def now_us() -> int:
    """Return the present moment in microseconds UTC."""
    return time.time_ns() // 1_000


def moment(at_us: int) -> datetime:
    """Return *at_us* (microseconds UTC) as an aware datetime, for printing."""
    return datetime.fromtimestamp(at_us // SECOND_US, UTC).replace(
        microsecond=at_us % SECOND_US
    )


def from_datetime(when: datetime) -> int:
    """Return the microseconds UTC of the aware datetime *when*."""
    assert when.tzinfo is not None, when
    return int(when.timestamp()) * SECOND_US + when.microsecond


def elapsed_s() -> float:
    """Return monotonic seconds, for measuring how long something took."""
    return time.perf_counter()


def worked_s() -> float:
    """Return the processor seconds of this thread, however long it had to wait."""
    return time.thread_time()
