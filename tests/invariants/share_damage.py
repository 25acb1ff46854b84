"""What may go wrong with the records of shares and taxes, for `test_violations`."""

FIRST = "(SELECT MIN(trade) FROM shares)"
OF_FIRST = f"WHERE trade = {FIRST} AND place ="

SHARES = [
    (
        "M8",
        "its shares sum to",
        f"UPDATE shares SET amount = amount + 1 {OF_FIRST} 0",
    ),
    (
        "M8",
        "not its part",
        (
            f"UPDATE shares SET amount = amount + 9 {OF_FIRST} 1;"
            f"UPDATE shares SET amount = amount - 9 {OF_FIRST} 0"
        ),
    ),
    ("M8", "the seller's is not the first", "UPDATE shares SET party = 3"),
    ("M8", "is not there", f"UPDATE shares SET trade = 9999 {OF_FIRST} 0"),
    ("M8", "not in force", "UPDATE contracts SET tax_schedule = 2 WHERE trade = 1"),
    (
        "S2",
        "transfers moved",
        "DELETE FROM transfers WHERE reason = 'share'",
    ),
    (
        "S2",
        "a wrong way",
        "UPDATE transfers SET debit = credit WHERE reason = 'share'",
    ),
    (
        "S2",
        "consent",
        "UPDATE split_parties SET agreed_seq = NULL WHERE split = 2 AND member = 3",
    ),
    ("S2", "never asked", "DELETE FROM split_parties WHERE split = 2 AND member = 3"),
    ("S2", "not shared as agreed", f"DELETE FROM shares WHERE trade = {FIRST}"),
    (
        "S2",
        "by nobody's word",
        "UPDATE splits SET state = 'withdrawn' WHERE id = 2",
    ),
]
