"""Each invariant finds the damage that it is there for, and names it."""

import hashlib
import json

import pytest
from sqlalchemy import Connection, text

from settlement.invariants import CHECKS, QUICK, Progress, count_rows, violations
from tests.invariants.bust_damage import BUSTS
from tests.invariants.card_damage import CARDS
from tests.invariants.close_damage import CLOSINGS
from tests.invariants.contest_damage import CONTESTS
from tests.invariants.cycle_damage import CYCLES
from tests.invariants.dispute_damage import DISPUTES
from tests.invariants.escrow_damage import ESCROWS
from tests.invariants.quote_damage import QUOTES
from tests.invariants.share_damage import SHARES
from tests.invariants.use_damage import USES

# code, what the sentence says, statements that do the damage
DAMAGE = [
    ("M1", "not there", "UPDATE transfers SET credit = 999 WHERE id = 6"),
    ("M1", "both sides", "UPDATE transfers SET credit = debit WHERE id = 6"),
    ("M1", "moves -300", "UPDATE transfers SET amount = -300 WHERE id = 6"),
    ("M1", "names others", "UPDATE transfers SET payee = 3 WHERE id = 6"),
    ("M1", "names others", "UPDATE transfers SET payee = NULL WHERE reason = 'fee'"),
    ("S2", "as its delivery", "UPDATE trades SET delivery = delivery + 1"),
    ("M1", "names others", "UPDATE transfers SET payer = 1 WHERE id = 5"),
    ("M2", "sum to 1", "UPDATE accounts SET balance = balance + 1 WHERE id = 1"),
    (
        "M3",
        "free CNY, says",
        (
            "UPDATE accounts SET balance = balance + 1 WHERE id = 1;"
            "UPDATE accounts SET balance = balance - 1 WHERE id = 2"
        ),
    ),
    ("M3", "transfers make", "DELETE FROM transfers WHERE id = 30"),
    ("M4", "overdrawn at -1", "UPDATE accounts SET balance = -1 WHERE id = 3"),
    ("M4", "above zero", "UPDATE accounts SET balance = 7 WHERE id = 0"),
    (
        "M4",
        "took mem_0000002's free CNY to",
        "UPDATE transfers SET id = id + 1000 WHERE reason = 'payin'",
    ),
    (
        "M5",
        "out of bounds",
        "UPDATE transfers SET amount = 2000000000000000 WHERE id = 6",
    ),
    ("M5", "not a known currency", "UPDATE accounts SET asset = 77 WHERE id = 22"),
    ("M6", "7 follows 5", "DELETE FROM transfers WHERE id = 6"),
    ("M6", "18 follows 16", "DELETE FROM orders WHERE id = 17"),
    ("M6", "1 follows the beginning", "DELETE FROM accounts WHERE id = 0"),
    ("M6", "earlier command", "UPDATE trades SET seq = 3 WHERE id = 8"),
    ("M7", "takes CNY and gives ins_", "UPDATE accounts SET asset = 1002 WHERE id = 7"),
    (
        "B9",
        "exclude each other",
        "UPDATE books SET territory = 'CN/31' WHERE instrument = 1008",
    ),
    ("B9", "has 2 offers", "UPDATE orders SET state = 'open' WHERE instrument = 1007"),
    ("M8", "was charged 0; 8 was due", "UPDATE trades SET fee = 0 WHERE id = 1"),
    ("M8", "charged 7; 8", "UPDATE trades SET fee = 7 WHERE id = 1"),
    (
        "M8",
        "schedule 9, not there",
        "UPDATE contracts SET fee_schedule = 9 WHERE trade = 1",
    ),
    ("M8", "2 was in force", "UPDATE contracts SET fee_schedule = 1 WHERE trade = 8"),
    (
        "M9",
        "used 2 times",
        (
            "DROP INDEX ix_journal_key;"
            "UPDATE journal SET key = 'basket', principal = 4 WHERE seq IN (38, 39)"
        ),
    ),
    ("M11", "way in and out", "UPDATE accounts SET pocket = 3 WHERE id = 22"),
    ("H1", "has ended but still holds 400", "DELETE FROM transfers WHERE id = 10"),
    (
        "H1",
        "has ended but still holds",
        "UPDATE orders SET state = 'cancelled' WHERE id = 5",
    ),
    ("H3", "offers need 5", "UPDATE orders SET remaining = 5 WHERE id = 9"),
    ("H3", "bids and payouts need 1516", "UPDATE orders SET price = 50 WHERE id = 13"),
    ("H3", "payouts need 0", "UPDATE payouts SET state = 'paid' WHERE id = 2"),
    ("H4", "its rest needs 368", "UPDATE orders SET price = 92 WHERE id = 5"),
    ("H4", "an order may not", "UPDATE orders SET time_in_force = 'IOC' WHERE id = 5"),
    ("H4", "an order may not", "UPDATE orders SET price = NULL WHERE id = 5"),
    ("B1", "2 were traded", "UPDATE orders SET quantity = 7 WHERE id = 5"),
    ("B1", "is open with 2 traded", "UPDATE orders SET state = 'open' WHERE id = 5"),
    (
        "B1",
        "is filled with 0 traded",
        "UPDATE orders SET state = 'filled' WHERE id = 4",
    ),
    ("B1", "has been used up", "UPDATE orders SET remaining = 0 WHERE id = 1"),
    (
        "B2",
        "is crossed: bid 56, offer 52",
        "UPDATE orders SET price = 56 WHERE id = 13",
    ),
    ("B4", "above the bid's limit", "UPDATE orders SET price = 99 WHERE id = 2"),
    ("B4", "below the offer's limit", "UPDATE orders SET price = 91 WHERE id = 6"),
    ("B4", "resting order's price", "UPDATE orders SET price = 49 WHERE id = 8"),
    ("B4", "another instrument", "UPDATE orders SET instrument = 1002 WHERE id = 10"),
    ("B4", "lacks the order", "DELETE FROM orders WHERE id = 10"),
    ("B5", "other members", "UPDATE orders SET member = 4 WHERE id = 10"),
    ("B5", "with itself", "UPDATE trades SET buyer = seller WHERE id = 1"),
    ("B3", "4 were possible", "UPDATE auctions SET quantity = 3, price = 13"),
    ("B3", "before all of", "UPDATE orders SET price = 14 WHERE id = 28"),
    ("B4", "traded 4, not 3", "UPDATE auctions SET quantity = 3"),
    ("B4", "the uniform price 13", "UPDATE auctions SET price = 13"),
    ("B4", "outside the band", "UPDATE auctions SET ceiling = 11"),
    ("B4", "above the bid's limit 11", "UPDATE orders SET price = 11 WHERE id = 27"),
    ("B4", "below the offer's limit", "UPDATE orders SET price = 13 WHERE id = 25"),
    ("B4", "uncross that is not there", "DELETE FROM auctions"),
    ("B5", "member with itself", "UPDATE trades SET buyer = seller WHERE id = 13"),
    ("A4", "not what the journal says", "UPDATE auctions SET surplus = 1"),
    ("B6", "22 follows 20", "DELETE FROM journal WHERE seq = 21"),
    ("B8", "its book is delisted", "UPDATE orders SET state = 'open' WHERE id = 18"),
    ("B8", "not verified", "UPDATE standings SET verified = 0 WHERE member = 3"),
    ("M8", "another's rule", "UPDATE contracts SET fee_rule = 1 - fee_rule"),
    *ESCROWS,
    *BUSTS,
    *SHARES,
    *CYCLES,
    *DISPUTES,
    ("S1", "is matched", "UPDATE trades SET state = 'matched' WHERE id = 3"),
    ("S1", "never arrived", "UPDATE payins SET state = 'refunded' WHERE id = 1"),
    (
        "S1",
        "forbidden step",
        "DELETE FROM arrivals WHERE kind = 'payout' AND state = 'approved'",
    ),
    ("S1", "has been further", "UPDATE payouts SET state = 'approved' WHERE id = 1"),
    ("S1", "does not exist", "DELETE FROM payins WHERE id = 5"),
    (
        "S2",
        "lacks its payment of 300",
        "UPDATE transfers SET amount = 299 WHERE id = 6",
    ),
    ("S2", "lacks its fee of 8", "DELETE FROM transfers WHERE id = 7"),
    ("S2", "lacks its delivery", "UPDATE transfers SET seq = 22 WHERE id = 5"),
    ("S1", "is unwound", "UPDATE trades SET state = 'unwound' WHERE id = 2"),
    (
        "S2",
        "must not have",
        "INSERT INTO transfers VALUES (995, 75, 1, 6, 5, 'payment', 1, NULL, NULL)",
    ),
    (
        "S2",
        "which does not exist",
        "INSERT INTO transfers VALUES (995, 75, 1, 6, 5, 'fee', 99, NULL, NULL)",
    ),
    ("S2", "which does not exist", "DELETE FROM trades WHERE id = 3"),
    ("S2", "wrong pocket", "UPDATE accounts SET pocket = 3 WHERE id = 8"),
    ("S2", "no contract", "DELETE FROM contracts WHERE trade = 2"),
    ("S2", "belongs to no trade", "INSERT INTO contracts VALUES (99, 1, 'x', 1, 0, 1)"),
    ("E1", "has given 0 rights", "DELETE FROM entitlements WHERE id = 1"),
    ("E1", "has given 2 rights", "UPDATE entitlements SET trade = 2 WHERE id = 1"),
    (
        "E1",
        "is not what trade",
        "UPDATE entitlements SET purpose = 'resale' WHERE id = 1",
    ),
    ("E1", "the trade was 3", "UPDATE entitlements SET quantity = 4 WHERE id = 1"),
    ("E1", "does not exist", "UPDATE entitlements SET trade = 99 WHERE id = 9"),
    ("E1", "nor its grant", "UPDATE entitlements SET holder = 3 WHERE id = 9"),
    ("E1", "grants a right", "DELETE FROM entitlements WHERE id = 10"),
    (
        "E1",
        "live rights are for 8",
        "UPDATE entitlements SET quantity = 2 WHERE id = 1",
    ),
    (
        "E1",
        "live rights are for 6",
        "UPDATE entitlements SET state = 'expired' WHERE id = 1",
    ),
    ("E2", "when not in force", "UPDATE receipts SET at_us = 1 WHERE id = 1"),
    ("E2", "when not in force", "UPDATE receipts SET holder = 3 WHERE id = 1"),
    (
        "E3",
        "more often than agreed",
        "UPDATE entitlements SET deliveries = 4 WHERE id = 8",
    ),
    ("E4", "has been changed", "UPDATE terms SET body = '{}' WHERE id = 1"),
    ("E4", "not for a file", "UPDATE receipts SET sha256 = 'cd' WHERE id = 1"),
    ("E4", "not for a file", "UPDATE receipts SET file = 2 WHERE id = 1"),
    ("E4", "not for a file", "UPDATE receipts SET bytes = 9 WHERE id = 1"),
    ("E4", "under terms 99", "UPDATE entitlements SET terms = 99 WHERE id = 10"),
    (
        "E5",
        "counts 0 deliveries",
        "UPDATE entitlements SET deliveries = 0 WHERE id = 9",
    ),
    ("E5", "does not exist", "UPDATE receipts SET entitlement = 99 WHERE id = 1"),
    ("P3", "moved otherwise", "UPDATE payins SET amount = 99999 WHERE id = 1"),
    ("P3", "moved otherwise", "UPDATE payins SET state = 'failed' WHERE id = 1"),
    ("P3", "moved otherwise", "UPDATE payouts SET state = 'requested' WHERE id = 3"),
    ("P3", "which does not exist", "UPDATE transfers SET subject = 99 WHERE id = 46"),
    ("A1", "does not hang", "UPDATE journal SET hash = x'00' WHERE seq = 12"),
    (
        "A1",
        "does not hang",
        "UPDATE journal SET body = replace(body, '100', '900') WHERE seq = 21",
    ),
    (
        "A1",
        "differ from its body",
        "UPDATE journal SET at_us = at_us + 1 WHERE seq = 67",
    ),
    (
        "A1",
        "The writer's head",
        "DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal)",
    ),
    ("A4", "does not exist", "UPDATE transfers SET seq = 999 WHERE id = 51"),
    ("A4", "which was refused", "UPDATE receipts SET seq = 30 WHERE id = 1"),
    ("A4", "a SetStanding", "UPDATE orders SET seq = 1 WHERE id = 1"),
    (
        "A4",
        "Order ord_0000001 is not what",
        "UPDATE orders SET member = 2 WHERE id = 1",
    ),
    (
        "A4",
        "Trade trd_0000003 is not what",
        "UPDATE trades SET quantity = 3 WHERE id = 3",
    ),
    ("A4", "Trade trd_0000008 is not what", "DELETE FROM trades WHERE id = 8"),
    (
        "A4",
        "Order ord_00000cg is not what",
        (
            "INSERT INTO orders SELECT 400, seq, at_us, member, by_user, instrument,"
            " side, price, quantity, remaining, time_in_force, expires_us, evergreen,"
            " purpose, state, reason FROM orders WHERE id = 29"
        ),
    ),
    ("C1", "is above 40", "UPDATE trades SET price = 41 WHERE instrument = 1004"),
    ("C1", "at 1 is above 0", "UPDATE trades SET price = 1 WHERE instrument = 1005"),
    ("C1", "waits at 41", "UPDATE orders SET price = 41 WHERE id = 24"),
    (
        "C2",
        "2 times",
        "UPDATE entitlements SET holder = 4 WHERE instrument = 1005",
    ),
    *CARDS,
    *CLOSINGS,
    *CONTESTS,
    *QUOTES,
    *USES,
    ("A6", "one pair of hands", "UPDATE payins SET confirmed_by = 20 WHERE id = 1"),
    (
        "A6",
        "without confirmation",
        "UPDATE payins SET confirmed_by = NULL WHERE id = 1",
    ),
    ("A6", "without a second", "UPDATE payins SET approved_by = NULL WHERE id = 4"),
    ("A6", "one pair of hands", "UPDATE payouts SET paid_by = 902 WHERE id = 1"),
    (
        "A6",
        "without three persons",
        "UPDATE payouts SET approved_by = NULL WHERE id = 1",
    ),
    (
        "A6",
        "by the hand that asked",
        "UPDATE arrivals SET by_user = 20 WHERE kind = 'payin' AND state = 'failed'",
    ),
]


def damage(db: Connection, statements: str) -> None:
    for statement in statements.split(";"):
        db.exec_driver_sql(statement)


def test_a_healthy_market_has_no_violation(market: Connection) -> None:
    told: list[Progress] = []
    assert list(violations(market, report=told.append)) == []
    assert [progress.done for progress in told] == list(range(len(CHECKS)))
    assert told[0].title.startswith("M1: ")
    assert count_rows(market) > 200


@pytest.mark.parametrize(
    ("code", "words", "statements"),
    DAMAGE,
    ids=[f"{code} {words}" for code, words, _ in DAMAGE],
)
def test_damage_is_found_and_named(
    market: Connection, code: str, words: str, statements: str
) -> None:
    damage(market, statements)
    found = [v.sentence for v in violations(market) if v.code == code]
    assert any(words in sentence for sentence in found), found


def test_every_check_is_shown_to_find_something() -> None:
    letters = {(check.__doc__ or "").partition(":")[0] for check in CHECKS}
    promised = {
        code for title in letters for code in title.replace(" and ", ", ").split(", ")
    }
    planted = {code for code, _, _ in DAMAGE} | {"B3", "B9", "H2", "H5", "S3"}
    assert promised <= planted  # B9 is found as B1; H2, H5 as H1 and H4; S3 as S2


def test_a_trade_that_passes_over_a_better_order_is_found(market: Connection) -> None:
    damage(market, "UPDATE orders SET price = 49 WHERE id = 9")
    found = [v.sentence for v in violations(market) if v.code == "B3"]
    assert (
        "Trade trd_0000005 took order ord_0000008; order ord_0000009 was before it."
        in found
    )


def test_a_trade_that_passes_over_an_earlier_order_is_found(market: Connection) -> None:
    # The two bids at 90 change places: the later one was served first.
    damage(
        market,
        "UPDATE trades SET buy_order = 0 WHERE id = 2;"
        "UPDATE trades SET buy_order = 3 WHERE id = 3;"
        "UPDATE trades SET buy_order = 5 WHERE id = 2",
    )
    found = [v.sentence for v in violations(market) if v.code == "B3"]
    assert found == [
        "Trade trd_0000002 took order ord_0000005; order ord_0000003 was before it."
    ]


def test_a_trade_with_an_order_that_came_later_is_found(market: Connection) -> None:
    damage(market, "UPDATE trades SET sell_order = 9 WHERE id = 4")
    found = [v.sentence for v in violations(market) if v.code == "B3"]
    assert "took order ord_0000009, which did not wait" in found[0]


def test_an_order_whose_hold_was_released_later_was_passed_over(
    market: Connection,
) -> None:
    # Order 4 waited at 80 until record 24; had the bid at 90 traded while it was
    # better, the trade would have passed over it.
    damage(
        market,
        "UPDATE orders SET price = 95 WHERE id = 4;"
        "UPDATE transfers SET seq = 40 WHERE id = 10",
    )
    found = [v.sentence for v in violations(market) if v.code == "B3"]
    assert [s.split(";")[1] for s in found] == [
        " order ord_0000004 was before it.",
        " order ord_0000004 was before it.",
    ]


def test_a_fraction_in_a_money_column_is_found(market: Connection) -> None:
    damage(
        market,
        "CREATE TABLE loose AS SELECT * FROM transfers;"
        "DROP TABLE transfers;"
        "ALTER TABLE loose RENAME TO transfers;"
        "UPDATE transfers SET amount = 0.5 WHERE id = 6",
    )
    found = [v.sentence for v in violations(market) if v.code == "M5"]
    assert found == ["transfers.amount holds 0.5 (real), out of bounds."]


def test_a_forged_history_with_a_whole_new_chain_still_contradicts_the_rows(
    market: Connection,
) -> None:
    """Whoever rewrites every hash must rewrite every row that the records tell of."""
    head = bytes(32)
    for row in market.execute(text("SELECT seq, body FROM journal ORDER BY seq")).all():
        body = row.body
        if row.seq == 21:
            record = json.loads(body)
            record[6][2][2] = 101  # the price of the order
            body = json.dumps(record, separators=(",", ":"))
        head = hashlib.sha256(head + body.encode()).digest()
        market.execute(
            text("UPDATE journal SET body = :body, hash = :hash WHERE seq = :seq"),
            {"body": body, "hash": head, "seq": row.seq},
        )
    market.execute(text("UPDATE writer SET head = :head"), {"head": head})
    found = list(violations(market))
    assert [v.sentence for v in found] == [
        "Order ord_0000002 is not what the journal says."
    ]


def test_the_quick_checks_see_a_wrong_balance(market: Connection) -> None:
    assert list(violations(market, QUICK)) == []
    damage(market, "UPDATE accounts SET balance = -1 WHERE id = 3")
    assert {v.code for v in violations(market, QUICK)} == {"M2", "M4"}
