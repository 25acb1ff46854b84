"""Invariants of contests, derived again from the bids without the core's code."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

BPS = 1_000  # of the start price times the quantity is the deposit


def deposits_follow(db: Connection) -> Iterator[Violation]:
    """K1: a deposit is held once, and returned or forfeited once; none is left over."""
    moved: dict[tuple[int, int], list[tuple[str, int]]] = {}
    moves = """
        SELECT t.subject, a.owner, t.reason, t.amount FROM transfers t
        JOIN accounts a ON a.id = t.debit
        WHERE t.reason IN ('deposit', 'deposit_back', 'forfeit') ORDER BY t.id
    """
    for contest, owner, reason, amount in ask(db, moves):
        moved.setdefault((contest, owner), []).append((reason, amount))
    bidders = """
        SELECT p.contest, p.member, p.state, c.deposit, c.start, c.quantity,
               c.state AS stands
        FROM contest_bidders p JOIN contests c ON c.id = p.contest
        ORDER BY p.contest, p.member
    """
    for row in ask(db, bidders):
        due = [("deposit", row.deposit)]
        if row.state != "held":
            last = "forfeit" if row.state == "forfeited" else "deposit_back"
            due.append((last, row.deposit))
        elif row.stands not in ("open", "awarded"):
            yield _wrong(row.contest, f"has ended but holds a deposit of {row.deposit}")
        if moved.pop((row.contest, row.member), []) != due:
            yield _wrong(row.contest, "has moved a deposit otherwise than it says")
        if row.deposit != -(-row.start * row.quantity * BPS // 10_000):
            yield _wrong(row.contest, f"asks for a deposit of {row.deposit}")
    for contest, _ in sorted(moved):
        yield _wrong(contest, "has moved a deposit of nobody who bid")


def sold_to_the_best(db: Connection) -> Iterator[Violation]:
    """K2: a contest's trade is with the best bid of who could take it, at its price."""
    trades = """
        SELECT c.*, t.id AS sale, t.buyer, t.seller, t.price AS paid,
               t.quantity AS units, t.instrument AS thing,
               p.price AS bid, p.seq AS bid_seq, p.state AS bidder
        FROM contests c
        LEFT JOIN trades t ON t.id = c.trade AND t.origin = 'contest'
        LEFT JOIN contest_bidders p ON p.contest = c.id AND p.member = c.winner
        WHERE c.state = 'sold' ORDER BY c.id
    """
    others: dict[int, list[tuple[int, int]]] = {}
    lost = "SELECT contest, price, seq FROM contest_bidders WHERE state = 'returned'"
    for contest, price, seq in ask(db, lost):
        others.setdefault(contest, []).append((-price, seq))
    for row in ask(db, trades):
        as_agreed = (row.winner, row.vendor, row.price, row.quantity, row.instrument)
        if (row.buyer, row.seller, row.paid, row.units, row.thing) != as_agreed:
            yield _wrong(row.id, "is sold, but its trade is not there as agreed", "K2")
            continue
        losers = sorted(others.get(row.id, []))
        if row.bidder != "paid" or (losers and losers[0] < (-row.bid, row.bid_seq)):
            yield _wrong(row.id, "is sold to another than the best bidder", "K2")
        due = row.bid
        if row.kind == "second":
            due = max(row.start, row.reserve, -losers[0][0] if losers else 0)
        if row.paid != due or row.bid < row.reserve:
            yield _wrong(row.id, f"is sold at {row.paid}; {due} was due", "K2")
    alone = """
        SELECT t.id FROM trades t LEFT JOIN contests c ON c.trade = t.id
        WHERE t.origin = 'contest' AND c.id IS NULL ORDER BY t.id
    """
    for (number,) in ask(db, alone):
        name = ids.encode("trade", number)
        yield Violation("K2", f"Trade {name} is of no auction.")


def bids_as_ruled(db: Connection) -> Iterator[Violation]:
    """K3: each bid is in time and tops the last; a bidder stands by its last bid."""
    last: dict[tuple[int, int], tuple[int, int]] = {}
    highest: dict[int, int] = {}
    bids = """
        SELECT b.contest, b.member, b.price, b.seq, b.at_us, c.kind, c.start,
               c.increment, c.vendor, c.closes_us, c.seq AS since
        FROM contest_bids b LEFT JOIN contests c ON c.id = b.contest ORDER BY b.id
    """
    for row in ask(db, bids):
        last[row.contest, row.member] = (row.price, row.seq)
        if row.kind is None:
            yield _wrong(row.contest, "has a bid, but is not there", "K3")
            continue
        least = row.start
        if row.kind == "ascending" and row.contest in highest:
            least = highest[row.contest] + row.increment
        highest[row.contest] = row.price
        if row.price < least:
            yield _wrong(
                row.contest, f"took {row.price} where {least} was the least", "K3"
            )
        if row.member == row.vendor or row.at_us >= row.closes_us:
            yield _wrong(
                row.contest, "took a bid of its vendor or after its close", "K3"
            )
    standing = "SELECT contest, member, price, seq FROM contest_bidders"
    for contest, member, price, seq in ask(db, standing):
        if last.pop((contest, member), None) != (price, seq):
            yield _wrong(contest, "has a bidder who did not bid so", "K3")
    for contest, _ in sorted(last):
        yield _wrong(contest, "has lost a bidder", "K3")


def _wrong(contest: int, what: str, code: str = "K1") -> Violation:
    return Violation(code, f"Auction {ids.encode('contest', contest)} {what}.")
