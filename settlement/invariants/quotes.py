"""Invariants of what is agreed between two members: offers, counter-offers, trades."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask


def negotiated_as_offered(db: Connection) -> Iterator[Violation]:
    """C3: each negotiated trade is one offer, taken whole, in time, on its terms.

    Or it is one contract, which `agreements` looks at.
    """
    found = ask(
        db,
        """
        SELECT t.id, o.id AS offer FROM trades t
        LEFT JOIN contracts c ON c.trade = t.id
        LEFT JOIN offers o ON o.trade = t.id AND o.state = 'taken'
             AND o.vendor = t.seller AND o.member = t.buyer
             AND o.instrument = t.instrument AND o.price = t.price
             AND o.quantity = t.quantity AND t.at_us < o.expires_us
             AND o.seq < t.seq AND o.terms = c.terms
             AND o.purpose IN ('', c.purpose)
             AND t.taker = CASE WHEN o.maker = o.vendor THEN 'buy' ELSE 'sell' END
        LEFT JOIN agreements a ON a.trade = t.id
        WHERE t.origin = 'negotiated' AND o.id IS NULL AND a.id IS NULL ORDER BY t.id
        """,
    )
    for row in found:
        name = ids.encode("trade", row.id)
        yield Violation("C3", f"Trade {name} is not what an offer said.")
    alone = """
        SELECT o.id FROM offers o LEFT JOIN trades t ON t.id = o.trade
        AND t.origin = 'negotiated'
        WHERE o.state = 'taken' AND t.id IS NULL ORDER BY o.id
    """
    for (number,) in ask(db, alone):
        yield _wrong(number, "is taken, but there is no trade of it", "C3")


def countered_in_turns(db: Connection) -> Iterator[Violation]:
    """C4: each counter-offer ends one offer between the same two, at its own record.

    Of the other side, and is negotiated then; or its maker's own, for the same reason.
    """
    found = ask(
        db,
        """
        SELECT n.id, a.id AS found,
               a.state = 'countered' AND a.seq < n.seq
               AND a.vendor = n.vendor AND a.member = n.member
               AND a.instrument = n.instrument AND a.demand = n.demand
               AND n.reason = CASE WHEN a.maker = n.maker THEN a.reason
                                   ELSE 'asked' END
               AND n.at_us < a.expires_us AS fits
        FROM offers n LEFT JOIN offers a ON a.id = n.answers
        WHERE n.answers IS NOT NULL ORDER BY n.id
        """,
    )
    for row in found:
        if not (row.found and row.fits):
            yield _wrong(row.id, "counters what it cannot counter")
    alone = """
        SELECT o.id FROM offers o LEFT JOIN offers n ON n.answers = o.id
        WHERE o.state = 'countered' AND n.id IS NULL ORDER BY o.id
    """
    for (number,) in ask(db, alone):
        yield _wrong(number, "is countered, but no offer counters it")


def one_purchase_a_request(db: Connection) -> Iterator[Violation]:
    """C5: the answers to a request go to one buyer, who takes one and ends the rest."""
    found = ask(
        db,
        """
        SELECT demand, COUNT(DISTINCT member) AS buyers,
               SUM(CASE WHEN state = 'taken' THEN 1 ELSE 0 END) AS taken
        FROM offers WHERE demand > 0 GROUP BY demand ORDER BY demand
        """,
    )
    for row in found:
        name = ids.encode("demand", row.demand)
        if row.buyers > 1:
            yield Violation("C5", f"Request {name} is answered to several members.")
        if row.taken > 1:
            yield Violation("C5", f"Of request {name} {row.taken} answers are taken.")


def offers_hold_once(db: Connection) -> Iterator[Violation]:
    """C6: a buyer's offer holds its whole price, once, until it ends, once."""
    moved: dict[int, list[tuple[str, int, int]]] = {}
    moves = """
        SELECT t.subject, t.reason, t.amount, a.owner FROM transfers t
        JOIN accounts a ON a.id = t.debit
        WHERE t.reason IN ('quote_hold', 'quote_release') ORDER BY t.id
    """
    for subject, *move in ask(db, moves):
        moved.setdefault(subject, []).append(tuple(move))
    offers = """
        SELECT id, member, price * quantity AS held, state FROM offers
        WHERE maker = member AND price > 0 ORDER BY id
    """
    for row in ask(db, offers):
        due = [("quote_hold", row.held, row.member)]
        if row.state != "open":
            due.append(("quote_release", row.held, row.member))
        if moved.pop(row.id, []) != due:
            yield _wrong(row.id, "has moved money otherwise than it says", "C6")
    for number in sorted(moved):
        yield _wrong(number, "has held money without a buyer who offers", "C6")


def _wrong(offer: int, what: str, code: str = "C4") -> Violation:
    return Violation(code, f"Offer {ids.encode('offer', offer)} {what}.")
