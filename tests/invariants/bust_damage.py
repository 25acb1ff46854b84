"""What may go wrong with the records of busted trades, for `test_violations`."""

BUSTS = [
    (
        "A6",
        "not approved by a second",
        "UPDATE proposals SET decided_by = by_user WHERE kind = 'BustTrade'",
    ),
    ("A6", "not approved by a second", "UPDATE busts SET price = 9 WHERE id = 1"),
    ("M6", "than it says", "UPDATE busts SET amount = 1 WHERE id = 1"),
    ("M6", "was to become", "UPDATE busts SET paid = 9 WHERE id = 1"),
    ("M6", "a bust that is not there", "DELETE FROM busts WHERE id = 2"),
    (
        "M6",
        "than it says",
        (
            "UPDATE transfers SET credit = (SELECT id FROM accounts WHERE owner = 4"
            " AND asset = 1 AND pocket = 0) WHERE reason = 'bust'"
        ),
    ),
    ("M8", "leaves a fee of", "UPDATE busts SET fee = 1 WHERE id = 2"),
    ("S1", "was busted before", "UPDATE busts SET price = NULL, trade = 1"),
    ("S1", "does not exist", "UPDATE busts SET trade = 999 WHERE id = 1"),
    (
        "S2",
        "but the right goes on",
        (
            "UPDATE entitlements SET state = 'active' WHERE trade ="
            " (SELECT trade FROM busts WHERE id = 2)"
        ),
    ),
]
