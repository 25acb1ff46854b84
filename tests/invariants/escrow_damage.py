"""What may go wrong with the records of escrow, for `test_violations`."""

from tests.invariants.agreement_damage import AGREEMENTS

LAST = "(SELECT MAX(id) FROM trades WHERE state = 'delivered')"
FIRST = "(SELECT MIN(trade) FROM escrows)"  # settled in part

ESCROWS = [
    *AGREEMENTS,
    (
        "H3",
        "its open trades need",
        f"UPDATE trades SET state = 'settled' WHERE id = {LAST}",
    ),
    ("H3", "open trades need", f"UPDATE escrows SET released = 7 WHERE trade = {LAST}"),
    (
        "H1",
        "transfers differ",
        f"UPDATE escrows SET released = 1 WHERE trade = {FIRST}",
    ),
    ("H1", "transfers differ", "DELETE FROM transfers WHERE reason = 'escrow_back'"),
    ("M8", "was due", f"UPDATE escrows SET fee = 0 WHERE trade = {FIRST}"),
    ("M8", "was due", f"UPDATE escrows SET fee_schedule = 1 WHERE trade = {LAST}"),
    (
        "S2",
        "a wrong way",
        "UPDATE transfers SET credit = debit WHERE reason = 'accepted'",
    ),
    ("S2", "but has none", f"DELETE FROM escrows WHERE trade = {FIRST}"),
    ("S2", "not there as agreed", f"DELETE FROM trades WHERE id = {LAST}"),
    ("S2", "lacks its escrow", "DELETE FROM transfers WHERE reason = 'escrow'"),
    ("S1", "went back", f"UPDATE trades SET state = 'unwound' WHERE id = {FIRST}"),
    (
        "S1",
        "with 41 in escrow",
        f"UPDATE trades SET state = 'settled' WHERE id = {LAST}",
    ),
    ("S1", "more units", f"UPDATE escrows SET returned = 9 WHERE trade = {FIRST}"),
    (
        "S1",
        "not due as such",
        f"UPDATE escrows SET accept_by_us = NULL WHERE trade = {LAST}",
    ),
    ("S1", "agreed others", f"UPDATE escrows SET days = 9 WHERE trade = {LAST}"),
    ("S4", "still waits", f"UPDATE escrows SET accept_by_us = 1 WHERE trade = {LAST}"),
]
