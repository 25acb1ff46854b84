"""What may go wrong with the records of metered use, for `test_violations`."""

CALL = (
    "INSERT INTO calls SELECT 1, 'meter', 1, 50, MAX(entitlement), 1, 1, 0, 1, 'GET',"
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
]
