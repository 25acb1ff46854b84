"""What may go wrong with the records of metered use, for `test_violations`."""

from collections.abc import Callable

from listings import plans
from marketplace.trading import commands as c
from marketplace.trading.usage import GRACE_US
from settlement.canonical import canonical
from tests.floor import Clock

VENDOR, ANN, STAFF = 1, 2, 901

CALL = (
    "INSERT INTO calls SELECT 1, 'meter', 1, 50, MIN(entitlement), 1, 1, 0, 1, 'GET',"
    " 'a', 200, '', 1, 1, 1, 1, 1, 0 FROM tabs"
)
USES = [
    ("U1", "the sum of its uses", "UPDATE periods SET due = due + 1 WHERE period = 0"),
    ("U1", "by plan", "UPDATE periods SET due = due + 1 WHERE period = 0"),
    ("U1", "its calls make", "UPDATE periods SET hits = 9 WHERE period = 0"),
    ("U1", "due to the house", "UPDATE periods SET fee = 0 WHERE period = 0"),
    ("U2", "its transfers differ", "UPDATE uses SET amount = 1 WHERE id = 1"),
    ("U2", "its transfers differ", "DELETE FROM transfers WHERE reason = 'use'"),
    ("U2", "paid by another", "UPDATE tabs SET vendor = 3"),
    ("U3", "was counted 15 calls of 1", CALL),
    ("E5", "counted calls", "UPDATE uses SET taken = 0 WHERE id = 1"),
    ("H3", "payouts need", "UPDATE tabs SET held = held + 1"),
    ("M6", "follows", "DELETE FROM uses WHERE id = 2"),
    ("M8", "its parts sum to", "UPDATE use_shares SET amount = 1 WHERE place = 1"),
    ("M8", "the vendor's is not the first", "UPDATE use_shares SET party = 3"),
    (
        "M8",
        "not its own",
        (
            "UPDATE use_shares SET amount = amount + 9 WHERE place = 1;"
            "UPDATE use_shares SET amount = amount - 9 WHERE place = 0"
        ),
    ),
    ("S2", "transfers moved", "DELETE FROM transfers WHERE reason = 'use_share'"),
    (
        "S2",
        "gave a part a wrong way",
        "UPDATE transfers SET subject = 9999 WHERE reason = 'use_share'",
    ),
    ("S2", "is not shared as agreed", "DELETE FROM use_shares"),
    (
        "S2",
        "is shared by nobody's word",
        "UPDATE books SET product = 99 WHERE instrument = 1023",
    ),
]


def use(do: Callable[..., object], hands: Clock, used: int) -> None:
    """ANN's calls: one free, two at 10, then at 5; what is left is given back."""
    plan = plans.Plan(tiers=(plans.Tier(2, 10), plans.Tier(None, 5)), free_units=1)
    body = canonical({"mode": "per_hit", "plan": plans.dump(plan)})
    do(
        c.ListInstrument(
            STAFF, used, "USED", VENDOR, 1, 1, 1, body, (), None, 6,
            transferable=False,
        )
    )  # fmt: skip
    right = do(c.GrantRight(STAFF, ANN, used, 1, "analysis"))
    do(c.SetBudget(20, ANN, right, 60))
    do(c.CountUse(0, "meter", 0, 100, ((right, 0, 4, 3, 9), (right, 1, 2, 1, 1))))
    do(c.CountUse(0, "meter", 100, 180, ((right, 0, 9, 4, 4),)))
    do(c.DeclareUse(20, ANN, right, 0, 8, "one more"))
    do(c.SetBudget(20, ANN, right, 0))
    hands.at_us += GRACE_US
    do(c.Tick())
