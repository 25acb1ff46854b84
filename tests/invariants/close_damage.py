"""What may go wrong with the records of closed months, for `test_violations`."""

from collections.abc import Callable

from marketplace.trading import commands as c
from settlement.closings import CHECKLIST

STAFF, SECOND = 901, 902
BEFORE_ALL = "1969-12"

CLOSINGS = [
    (
        "A6",
        "was not approved by a second person",
        "UPDATE proposals SET decided_by = by_user WHERE kind = 'ClosePeriod'",
    ),
    (
        "A6",
        "was closed otherwise than proposed",
        """UPDATE closings SET balances = '[["free",1,0]]'""",
    ),
    ("P8", "ends at another moment", "UPDATE closings SET until_us = until_us - 1"),
    ("P8", "was closed before it was over", "UPDATE closings SET at_us = until_us - 1"),
    ("P8", "has another digest", "UPDATE closings SET sha256 = 'ff'"),
    (
        "P8",
        "was closed with something open",
        """UPDATE closings SET checks = '[["audit",1]]'""",
    ),
    (
        "M3",
        "ended with 0 free; transfers make",
        "UPDATE closings SET until_us = until_us + 9000000000000000",
    ),
    (
        "M3",
        "ended with 5 free; transfers make 0",
        """UPDATE closings SET balances = '[["free",1,5]]'""",
    ),
    (
        "P8",
        "was closed before record",
        "UPDATE closings SET until_us = until_us + 9000000000000000, seq = seq - 9",
    ),
    (
        "P8",
        "has code 'late' of month '2999-01'",
        "UPDATE mendings SET month = '2999-01', code = 'late'",
    ),
    (
        "M8",
        "is of 5; 0 was taken",
        (
            "UPDATE invoices SET period = '1969-12', seller = 0, amount = 5"
            " WHERE id = 1 AND series = 'invoice'"
        ),
    ),
    ("M8", "it is not closed", "UPDATE invoices SET period = '2999-12' WHERE id = 1"),
    (
        "M8",
        "Tax paper x serves",
        "DROP INDEX uq_invoices_outside; UPDATE invoices SET outside = 'x'",
    ),
    ("M8", "is listed on another", "UPDATE invoiced SET invoice = 77"),
    ("P8", "has code 'late' of month ''", "UPDATE mendings SET code = 'late'"),
]


def live(do: Callable[..., object]) -> None:
    """A month before the first record is closed, with nothing in it."""
    clear = tuple((item, 0) for item in CHECKLIST)
    values = (BEFORE_ALL, (), clear)
    made = do(c.Propose(STAFF, "ClosePeriod", values, "before all"))
    do(c.Decide(SECOND, made, approve=True))
