"""Publishing the running month, as if it were over: for tests about what is shown."""

from datetime import timedelta

from marketplace import publishing
from marketplace.services import Services
from settlement import clock, ids
from settlement.statistics import publications
from settlement.statistics.schedule import ZONE_US, Cut

ONE, OTHER = 801, 802  # two statisticians


class By:
    """Who proposes."""

    id = ONE


def publish(parts: Services, reason: str = "", *, release: bool = True) -> int:
    """Publish what is on the tape by two persons, to be read from now on; its number.

    The cut is that of the whole month, which is not over: its end is not waited for.
    """
    today = clock.moment(clock.now_us() + ZONE_US).date()
    last = (today.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    cut = Cut(last)
    engines = (parts.reads, parts.writes)
    later_us = cut.release_us + clock.SECOND_US
    number = publishing.propose(parts.config, engines, cut, By, reason, at_us=later_us)
    with parts.writes.begin() as db:
        publications.decide(db, number, OTHER, later_us, approve=True)
        if release:
            now_us = clock.now_us()
            moved = publications.publications.update().where(
                publications.publications.c.id == number
            )
            db.execute(moved.values(made_us=now_us - 1, release_us=now_us - 1))
    return number


def places_of(parts: Services) -> dict[str, str]:
    """Publish; return the ids of the publication and of its first table."""
    number = publish(parts)
    with parts.reads.connect() as db:
        first = publications.tables_of(db, number)[0].id
    return {
        "publication": ids.encode("publication", number),
        "figure": ids.encode("figure", first),
    }
