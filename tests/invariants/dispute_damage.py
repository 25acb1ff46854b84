"""What may go wrong with the records of disputes and refunds, for `test_violations`."""

DISPUTES = [
    ("M8", "is 3 of ", "UPDATE invoices SET serial = 3 WHERE id = 2"),
    ("M8", "the sum of its lines", "UPDATE invoices SET amount = 99 WHERE id = 2"),
    ("M8", "is invoiced at 123", "DELETE FROM invoices WHERE series = 'credit'"),
    ("S1", "its trade is", "UPDATE disputes SET state = 'open' WHERE id = 1"),
    ("S1", "without a dispute", "DELETE FROM disputes WHERE id = 3"),
    ("S1", "trade without escrow", "UPDATE disputes SET trade = 1 WHERE id = 3"),
    ("H2", "is left", "UPDATE disputes SET left_over = 9 WHERE id = 3"),
    (
        "S2",
        "the right goes on",
        (
            "UPDATE entitlements SET state = 'active' WHERE trade ="
            " (SELECT trade FROM disputes WHERE id = 2)"
        ),
    ),
    (
        "S2",
        "the right was revoked",
        (
            "UPDATE entitlements SET state = 'revoked' WHERE trade ="
            " (SELECT trade FROM disputes WHERE id = 3)"
        ),
    ),
    (
        "A6",
        "otherwise than two persons",
        "UPDATE proposals SET decided_by = by_user WHERE kind = 'ResolveDispute'",
    ),
    (
        "A6",
        "not approved by a second",
        "UPDATE proposals SET decided_by = by_user WHERE kind = 'RefundSale'",
    ),
    ("A6", "otherwise than two", "UPDATE disputes SET refund = 19 WHERE id = 1"),
    ("M6", "than it says", "UPDATE refunds SET amount = 22"),
    ("M6", "that is not there", "DELETE FROM refunds"),
    (
        "M6",
        "than it says",
        (
            "UPDATE transfers SET credit = (SELECT id FROM accounts WHERE owner = 4"
            " AND asset = 1 AND pocket = 0) WHERE reason = 'refund'"
        ),
    ),
    ("P6", "more than was paid", "UPDATE refunds SET amount = 124"),
    ("M8", "leaves a fee of", "UPDATE refunds SET fee = 3"),
    (
        "S2",
        "gave all back; the right",
        "UPDATE refunds SET amount = 123",
    ),
]
