"""The demo's statistics: each cut of its weeks, published by two persons on time."""

from sqlalchemy import Engine

from marketplace import publishing
from marketplace.config import Config
from marketplace.demo.calendar import Day
from marketplace.members.users import User
from settlement import clock
from settlement.statistics import publications
from settlement.statistics.schedule import due

FIRST_TENTH = 10  # the first cut of a month revises nothing
REASON = (
    "按发布日历更新，计入本旬成交。By the calendar: with the trades of ten more days."
)


def publish(
    config: Config, engines: tuple[Engine, Engine], days: list[Day], by: list[User]
) -> None:
    """Publish what the calendar has for the days of trading, as of its moments."""
    _, writes = engines
    now_us = clock.now_us()
    for cut in reversed(due(now_us)):
        if cut.ends_us <= days[0].begins_us or cut.release_us > now_us:
            continue
        at_us = cut.release_us - clock.HOUR_US
        reason = "" if cut.last_day.day == FIRST_TENTH else REASON
        number = publishing.propose(config, engines, cut, by[0], reason, at_us=at_us)
        with writes.begin() as db:
            publications.decide(db, number, by[1].id, at_us, approve=True)
