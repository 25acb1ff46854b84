"""What may go wrong with the records of cycles, for `test_violations`."""

FAILED = "(SELECT trade FROM obligations WHERE state = 'failed')"
DUE = "(SELECT MIN(trade) FROM obligations WHERE state = 'due')"

CYCLES = [
    ("S5", "what it owes is", f"UPDATE trades SET state = 'settled' WHERE id = {DUE}"),
    ("S5", "owes nothing", f"DELETE FROM obligations WHERE trade = {DUE}"),
    ("S5", "otherwise than", f"UPDATE obligations SET cover = -1 WHERE trade = {DUE}"),
    ("S5", "is not there", f"DELETE FROM trades WHERE id = {DUE}"),
    ("S5", "in a run that is", "UPDATE runs SET state = 'cancelled' WHERE id = 1"),
    ("S5", "its debt", "UPDATE fails SET state = 'cured'"),
    ("M7", "another currency", "UPDATE runs SET currency = 2"),
    (
        "S2",
        "before it is paid",
        f"UPDATE entitlements SET state = 'active' WHERE trade = {FAILED}",
    ),
    ("S5", "do not add up", "UPDATE run_lines SET fee = fee + 1 WHERE run = 1"),
    ("S5", "do not add up", "UPDATE runs SET net = net + 1 WHERE id = 1"),
    ("S5", "other sums", "UPDATE runs SET trades = 9 WHERE id = 2"),
    ("S5", "does not exist", "UPDATE run_lines SET run = 9 WHERE run = 2"),
    ("A6", "by one person", "UPDATE runs SET approved_by = by_user WHERE id = 1"),
    ("M8", "was due", "UPDATE fails SET amount = amount + 1"),
    ("M8", "was due", "DELETE FROM transfers WHERE reason = 'advance'"),
    ("S6", "the credit given", "UPDATE credits SET amount = 999"),
    ("M11", "its moves make", "DELETE FROM transfers WHERE reason = 'reserve'"),
    (
        "M11",
        "A penalty went from",
        "UPDATE transfers SET reason = 'penalty' WHERE reason = 'payout_hold'",
    ),
    (
        "M10",
        "is left at",
        (
            "UPDATE accounts SET balance = 5"
            " WHERE owner = 0 AND pocket = 2 AND asset = 1"
        ),
    ),
    ("S1", "its payments differ", "UPDATE fails SET state = 'cured', ended_seq = 1"),
    (
        "S1",
        "does not exist",
        "UPDATE transfers SET reason = 'debt', subject = 9 WHERE id = 5",
    ),
]
