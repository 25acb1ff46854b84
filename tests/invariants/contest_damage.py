"""What may go wrong with the records of auctions, for `test_violations`."""

CONTESTS = [
    ("K1", "otherwise than", "DELETE FROM transfers WHERE reason = 'forfeit'"),
    (
        "K1",
        "has ended but holds",
        "UPDATE contest_bidders SET state = 'held' WHERE contest = 1 AND member = 4",
    ),
    ("K1", "asks for a deposit", "UPDATE contests SET deposit = 9 WHERE id = 1"),
    ("K1", "nobody who bid", "DELETE FROM contest_bidders WHERE contest = 2"),
    (
        "K2",
        "another than the best",
        "UPDATE contest_bidders SET price = 400 WHERE member = 2",
    ),
    (
        "K2",
        "not there as agreed",
        "UPDATE trades SET quantity = 9 WHERE origin = 'contest'",
    ),
    ("K2", "of no auction", "UPDATE contests SET trade = NULL WHERE id = 1"),
    ("K2", "was due", "UPDATE contests SET reserve = 400 WHERE id = 1"),
    ("K3", "was the least", "UPDATE contest_bids SET price = 1 WHERE id = 2"),
    ("K3", "after its close", "UPDATE contest_bids SET at_us = 1 << 62 WHERE id = 1"),
    ("K3", "did not bid so", "UPDATE contest_bidders SET price = 1 WHERE contest = 2"),
    ("K3", "lost a bidder", "DELETE FROM contest_bidders WHERE contest = 2"),
]
