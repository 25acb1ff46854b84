"""Duties: what a licence asks of a buyer besides the price, as dated tasks.

Tasks follow from the terms and the dates of the right alone: they are worked out anew
each time, and nothing has to be kept but the evidence that they were done.
"""

from typing import NamedTuple

from listings.licences import Terms
from settlement.clock import DAY_US

ATTRIBUTE_DAYS = 30  # after the begin: say where the source is named
SOON_DAYS = 14
REPORTS_MAX = 400  # of one right
KINDS = ("attribute", "report", "delete")


class Task(NamedTuple):
    """One thing to do until a moment: the first, second … of its kind."""

    kind: str  # of KINDS
    number: int
    due_us: int

    def state(self, now_us: int, *, done: bool) -> str:
        """Return done, overdue, soon or later."""
        if done:
            return "done"
        if self.due_us <= now_us:
            return "overdue"
        return "soon" if self.due_us - now_us <= SOON_DAYS * DAY_US else "later"


def tasks(
    terms: Terms | None, from_us: int, ends_us: int | None, now_us: int
) -> tuple[Task, ...]:
    """Return the tasks of a right that began at *from_us*, in the order of their dates.

    *ends_us* is when the right ended or will end, None if it has no end. Of reports
    without end, those that are past and the next one are told.
    """
    if terms is None:
        return ()
    found = []
    if terms.attribution:
        found.append(Task("attribute", 1, from_us + ATTRIBUTE_DAYS * DAY_US))
    if terms.report_days:
        found += _reports(terms.report_days * DAY_US, from_us, ends_us, now_us)
    if terms.retention == "delete" and ends_us is not None:
        found.append(Task("delete", 1, ends_us + terms.delete_days * DAY_US))
    return tuple(sorted(found, key=lambda task: (task.due_us, task.kind)))


def _reports(
    every_us: int, from_us: int, ends_us: int | None, now_us: int
) -> list[Task]:
    """Return the reports up to the first one after *now_us*; the last at the end."""
    found = []
    for number in range(1, REPORTS_MAX + 1):
        due_us = from_us + number * every_us
        if ends_us is not None and due_us >= ends_us:
            found.append(Task("report", number, ends_us))
            break
        found.append(Task("report", number, due_us))
        if due_us > now_us:
            break
    return found
