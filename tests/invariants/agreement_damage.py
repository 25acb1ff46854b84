"""What may go wrong with the records of contracts and group buys."""

from tests.invariants.bounded import MANDATES

POOLS = [
    ("C11", "one who joined is", "UPDATE pool_members SET state = 'held'"),
    ("C11", "as it was joined", "UPDATE pool_members SET purpose = 'x' WHERE pool = 1"),
    ("C11", "with 1 buyers", "DELETE FROM pool_members WHERE pool = 1 AND member = 2"),
    ("C11", "was due", "UPDATE pools SET price = 44 WHERE id = 1"),
    ("C11", "of no group", "DELETE FROM pool_members WHERE pool = 1 AND member = 2"),
    (
        "C12",
        "otherwise than",
        "UPDATE pool_members SET state = 'returned' WHERE pool = 2",
    ),
    ("C12", "did not join", "DELETE FROM pool_members WHERE pool = 2"),
]

AGREEMENTS = [
    *POOLS,
    *MANDATES,
    ("C8", "no party", "UPDATE signatures SET party = 4 WHERE party = 0"),
    ("C8", "too late", "UPDATE signatures SET at_us = 1 << 62 WHERE party = 3"),
    ("C8", "with 2 signatures", "DELETE FROM signatures WHERE party = 0"),
    (
        "C8",
        "by its last",
        "UPDATE signatures SET seq = seq + 1 WHERE agreement = 1 AND party = 0",
    ),
    ("C8", "but not there", "DELETE FROM agreements WHERE id = 2"),
    ("C8", "another hash", "UPDATE agreements SET sha256 = 'x' WHERE id = 2"),
    ("C8", "than its text", "UPDATE agreements SET price = 7 WHERE id = 3"),
    ("C8", "not traded as", "UPDATE agreements SET currency = 2 WHERE id = 1"),
    ("C9", "not its price", "UPDATE agreements SET stages = '[[\"a\",9,0]]'"),
    (
        "C9",
        "other stages",
        "UPDATE escrows SET stages = '[[1001,0]]' WHERE stages <> '[]'",
    ),
    ("C9", "of no contract", "DELETE FROM agreements WHERE id = 1"),
    ("C10", "otherwise than", "UPDATE agreements SET state = 'expired' WHERE id = 2"),
    ("C10", "without its buyer", "DELETE FROM signatures WHERE party = 4"),
]
