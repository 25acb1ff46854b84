"""What may go wrong with the records of quotes, for `test_violations`."""

QUOTES = [
    ("C3", "not what an offer", "UPDATE offers SET price = 19 WHERE id = 1"),
    ("C3", "not what an offer", "UPDATE offers SET member = 2 WHERE id = 1"),
    ("C3", "not what an offer", "UPDATE offers SET expires_us = 9 WHERE id = 1"),
    ("C3", "not what an offer", "UPDATE offers SET terms = 1 WHERE id = 5"),
    (
        "C3",
        "there is no trade",
        "UPDATE trades SET origin = 'book' WHERE origin = 'negotiated'",
    ),
    ("C4", "cannot counter", "UPDATE offers SET maker = 1 WHERE id = 4"),
    ("C4", "cannot counter", "UPDATE offers SET state = 'open' WHERE id = 3"),
    ("C4", "no offer counters", "UPDATE offers SET answers = NULL WHERE id = 5"),
    ("C5", "several members", "UPDATE offers SET member = 3 WHERE id = 6"),
    ("C5", "2 answers are taken", "UPDATE offers SET state = 'taken' WHERE id = 6"),
    ("C6", "otherwise than", "UPDATE offers SET state = 'declined' WHERE id = 8"),
    ("C6", "otherwise than", "UPDATE offers SET state = 'open' WHERE id = 7"),
    ("C7", "was not kept", "UPDATE kept_prices SET price = 8"),
    ("C7", "was not kept", "UPDATE kept_prices SET until_us = 1"),
    ("C7", "was not posted", "UPDATE orders SET evergreen = 0 WHERE price = 9"),
    ("C6", "without a buyer", "UPDATE offers SET maker = 1 WHERE id = 8"),
]
