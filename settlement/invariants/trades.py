"""Invariants of settlement: delivery against payment, whole or not at all."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from settlement import ids
from settlement.invariants.violation import Violation, ask

HOUSE, FREE, HELD, OPEN = 0, 0, 1, 3
ESCROW = 2
OPEN_STATES = ("escrowed", "delivered", "disputed")
FINAL = ("settled", "unwound")

TRADES = """
    SELECT t.id, t.seq, t.instrument, t.price, t.quantity, t.currency, t.buyer,
           t.seller, t.fee, t.state, b.vendor, e.trade AS escrow, o.cover,
           COALESCE(a.days, b.acceptance_days) AS acceptance_days
    FROM trades t LEFT JOIN books b ON b.instrument = t.instrument
    LEFT JOIN escrows e ON e.trade = t.id
    LEFT JOIN obligations o ON o.trade = t.id
    LEFT JOIN agreements a ON a.trade = t.id ORDER BY t.id
"""
LEGS = """
    SELECT x.subject, x.reason, x.seq, x.amount, d.asset, d.owner AS giver,
           d.pocket AS source, c.owner AS taker, c.pocket AS target
    FROM transfers x
    LEFT JOIN accounts d ON d.id = x.debit LEFT JOIN accounts c ON c.id = x.credit
    WHERE x.reason IN ('delivery', 'payment', 'fee', 'escrow', 'cover')
    ORDER BY x.subject, x.id
"""


class Leg(NamedTuple):
    """What one transfer of a trade must be; the giver's pocket is looked at apart."""

    reason: str
    seq: int
    asset: int
    amount: int
    giver: int
    taker: int
    target: int


def settled_once(db: Connection) -> Iterator[Violation]:
    """S1: a trade that settles at once is settled; only escrow lets one wait or end."""
    query = """
        SELECT t.id, t.state, e.trade, o.trade AS owes FROM trades t
        LEFT JOIN escrows e ON e.trade = t.id
        LEFT JOIN obligations o ON o.trade = t.id ORDER BY t.id
    """
    for number, state, escrow, owes in ask(db, query):
        deferred = ("due", *FINAL) if owes else ("settled",)
        if state not in (OPEN_STATES + FINAL if escrow else deferred):
            name = ids.encode("trade", number)
            yield Violation(
                "S1", f"Trade {name} is {state}, neither settled nor undone."
            )


def delivery_against_payment(db: Connection) -> Iterator[Violation]:
    """S2 and S3: each trade has exactly its legs, all in its own step.

    What goes to escrow leaves it by steps of its own; see `escrows`.
    """
    legs = groupby(ask(db, LEGS), key=lambda leg: leg.subject)
    subject, moves = next(legs, (None, iter(())))
    for trade in ask(db, TRADES):
        while subject is not None and subject < trade.id:
            yield _stray(subject)
            subject, moves = next(legs, (None, iter(())))
        found: list[Row[Any]] = []
        if subject == trade.id:
            found = list(moves)
            subject, moves = next(legs, (None, iter(())))
        yield from _compare(trade, found)
    while subject is not None:
        yield _stray(subject)
        subject, moves = next(legs, (None, iter(())))


def _stray(subject: int) -> Violation:
    name = ids.encode("trade", subject)
    return Violation("S2", f"Transfers settle trade {name}, which does not exist.")


def _compare(trade: Row[Any], found: list[Row[Any]]) -> Iterator[Violation]:
    """Compare the legs of *trade* with those it must have; one sentence for each."""
    name = ids.encode("trade", trade.id)
    expected = _expected(trade)
    actual = [
        Leg(x.reason, x.seq, x.asset, x.amount, x.giver, x.taker, x.target)
        for x in found
    ]
    for leg in expected:
        if leg in actual:
            actual.remove(leg)
        else:
            yield Violation(
                "S2", f"Trade {name} lacks its {leg.reason} of {leg.amount}."
            )
    for leg in actual:
        yield Violation(
            "S2",
            f"Trade {name} has a {leg.reason} of {leg.amount} that it must not have.",
        )
    for x in found:
        if x.source not in _sources(x.reason, issued=trade.seller == trade.vendor):
            yield Violation("S2", f"Trade {name} has a {x.reason} from a wrong pocket.")


def _expected(trade: Row[Any]) -> list[Leg]:
    value = trade.price * trade.quantity
    seq, buyer, seller = trade.seq, trade.buyer, trade.seller
    money = trade.currency
    delivery = Leg(
        "delivery", seq, trade.instrument, trade.quantity, seller, buyer, FREE
    )
    if trade.acceptance_days and value:
        return [delivery, Leg("escrow", seq, money, value, buyer, buyer, ESCROW)]
    if trade.cover is not None:
        cover = Leg("cover", seq, money, trade.cover, buyer, buyer, ESCROW)
        return [delivery, *([cover] if trade.cover else [])]
    legs = [
        delivery,
        Leg("payment", seq, money, value, buyer, seller, FREE),
        Leg("fee", seq, money, trade.fee, seller, HOUSE, FREE),
    ]
    return [leg for leg in legs if leg.amount]


def _sources(reason: str, *, issued: bool) -> tuple[int, ...]:
    """Return the pockets that a leg may be paid from; only a vendor issues."""
    if reason == "fee":
        return (FREE,)
    if reason == "delivery" and issued:
        return (HELD, OPEN)
    return (FREE, HELD)


def found_by_its_delivery(db: Connection) -> Iterator[Violation]:
    """S2: each trade names the transfer that delivers it; payment and fee follow."""
    found = ask(
        db,
        """
        SELECT DISTINCT t.id FROM trades t
        LEFT JOIN transfers d
          ON d.id = t.delivery AND d.subject = t.id AND d.reason = 'delivery'
        LEFT JOIN transfers m
          ON m.subject = t.id AND m.seq = t.seq AND m.reason IN ('payment', 'fee')
         AND m.id NOT IN (t.delivery + 1, t.delivery + 2)
        WHERE d.id IS NULL OR m.id IS NOT NULL
        ORDER BY t.id
        """,
    )
    for (number,) in found:
        name = ids.encode("trade", number)
        yield Violation("S2", f"Trade {name} names another transfer as its delivery.")


def agreed_in_writing(db: Connection) -> Iterator[Violation]:
    """S2: each trade has one contract, on terms that exist; no contract is alone."""
    found = ask(
        db,
        """
        SELECT t.id, c.trade, c.terms, x.id AS found FROM trades t
        LEFT JOIN contracts c ON c.trade = t.id LEFT JOIN terms x ON x.id = c.terms
        WHERE x.id IS NULL ORDER BY t.id
        """,
    )
    for row in found:
        what = "no contract" if row.trade is None else f"terms {row.terms}, not there"
        yield Violation("S2", f"Trade {ids.encode('trade', row.id)} has {what}.")
    alone = """
        SELECT c.trade FROM contracts c LEFT JOIN trades t ON t.id = c.trade
        WHERE t.id IS NULL ORDER BY c.trade
    """
    for (number,) in ask(db, alone):
        name = ids.encode("contract", number)
        yield Violation("S2", f"Contract {name} belongs to no trade.")
