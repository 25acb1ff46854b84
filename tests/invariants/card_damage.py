"""Damage to pay-ins by card, and what must be said of it."""

# code, what the sentence says, statements that do the damage
CARDS = [
    ("P2", "lines add up to", "UPDATE cards SET captured = 501 WHERE captured = 500"),
    ("P2", "lines add up to", "UPDATE cards SET costs = 0 WHERE captured = 500"),
    (
        "P2",
        "lines add up to",
        "UPDATE provider_lines SET currency = 2 WHERE line = 'txn_1'",
    ),
    ("P2", "its lines say otherwise", "UPDATE cards SET outcome = 'won'"),
    ("P3", "captured 600 of 599", "UPDATE payins SET amount = 599 WHERE amount = 600"),
    ("P1", "the ledger 0", "DELETE FROM transfers WHERE reason = 'card_refund'"),
    ("P1", "without its line", "DELETE FROM provider_lines WHERE line = 'txn_2'"),
    (
        "P1",
        "lines say",
        "UPDATE provider_lines SET amount = -51 WHERE line = 'txn_4'",
    ),
    (
        "M4",
        "is free",
        (
            "UPDATE accounts SET pocket = 3, balance = -9"
            " WHERE owner = 4 AND asset = 1 AND pocket = 1"
        ),
    ),
    ("A6", "approved by a second", "UPDATE mendings SET proposed_by = 902"),
    ("M6", "moved 7 otherwise", "UPDATE mendings SET amount = 8"),
    ("M6", "a correction of nothing", "DELETE FROM mendings"),
    ("M6", "provider_lines: 3 follows 1", "DELETE FROM provider_lines WHERE id = 2"),
]
