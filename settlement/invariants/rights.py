"""Invariants of rights: an entitlement for each trade or grant, and none without."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, account_name, ask

FREE = 0


def right_for_each_trade(db: Connection) -> Iterator[Violation]:
    """E1: each trade gives its buyer one right, as agreed in its contract."""
    found = ask(
        db,
        """
        SELECT t.id, t.buyer, t.instrument, t.quantity, t.at_us,
               c.terms, c.purpose,
               COUNT(e.id) AS rights, MIN(e.id) AS entitlement, MIN(e.holder) AS holder,
               MIN(e.instrument) AS what, MAX(e.quantity) AS units,
               MIN(e.terms) AS under, MIN(e.purpose) AS used_for,
               MIN(e.from_us) AS since
        FROM trades t
        LEFT JOIN contracts c ON c.trade = t.id
        LEFT JOIN entitlements e ON e.trade = t.id
        GROUP BY t.id, t.buyer, t.instrument, t.quantity, t.at_us,
                 c.terms, c.purpose
        ORDER BY t.id
        """,
    )
    for row in found:
        name = ids.encode("trade", row.id)
        if row.rights != 1:
            yield Violation("E1", f"Trade {name} has given {row.rights} rights.")
            continue
        right = (row.holder, row.what, row.under, row.used_for, row.since)
        if right != (row.buyer, row.instrument, row.terms, row.purpose, row.at_us):
            what = ids.encode("entitlement", row.entitlement)
            yield Violation("E1", f"Right {what} is not what trade {name} agreed.")
        elif row.units > row.quantity:
            what = ids.encode("entitlement", row.entitlement)
            yield Violation(
                "E1", f"Right {what} is for {row.units}; the trade was {row.quantity}."
            )


def no_right_from_nothing(db: Connection) -> Iterator[Violation]:
    """E1: each right comes from a trade that exists, or from one grant."""
    found = ask(
        db,
        """
        SELECT e.id, e.trade, e.quantity, t.id AS found, g.grants, g.amount,
               a.owner, a.asset, e.holder, e.instrument
        FROM entitlements e
        LEFT JOIN trades t ON t.id = e.trade
        LEFT JOIN (SELECT subject, COUNT(*) AS grants, MAX(amount) AS amount,
                          MAX(credit) AS credit
                   FROM transfers WHERE reason = 'grant' GROUP BY subject) g
               ON g.subject = e.id
        LEFT JOIN accounts a ON a.id = g.credit
        ORDER BY e.id
        """,
    )
    for row in found:
        name = ids.encode("entitlement", row.id)
        if row.trade is not None:
            if row.found is None:
                yield Violation(
                    "E1", f"Right {name} is of a trade that does not exist."
                )
            continue
        given = (row.grants, row.owner, row.asset)
        if given != (1, row.holder, row.instrument) or row.quantity > row.amount:
            yield Violation("E1", f"Right {name} has neither a trade nor its grant.")
    yield from _grants_without_right(db)


def _grants_without_right(db: Connection) -> Iterator[Violation]:
    found = ask(
        db,
        """
        SELECT t.id FROM transfers t
        LEFT JOIN entitlements e ON e.id = t.subject AND e.trade IS NULL
        WHERE t.reason = 'grant' AND e.id IS NULL ORDER BY t.id
        """,
    )
    for (number,) in found:
        name = ids.encode("transfer", number)
        yield Violation("E1", f"Transfer {name} grants a right that does not exist.")


def rights_are_balances(db: Connection) -> Iterator[Violation]:
    """E1: what a holder's live rights are for is what the ledger says it has.

    A vendor's held units are its own finite offers, issued but not yet anyone's.
    """
    live = """
        SELECT holder, instrument, quantity FROM entitlements
        WHERE state IN ('active', 'suspended')
    """
    rights: dict[tuple[int, int], int] = {}
    for holder, instrument, quantity in ask(db, live):
        key = holder, instrument
        rights[key] = rights.get(key, 0) + quantity
    units = """
        SELECT a.owner, a.asset, a.balance FROM accounts a
        JOIN books b ON b.instrument = a.asset
        WHERE a.pocket IN (0, 2) OR (a.pocket = 1 AND a.owner <> b.vendor)
    """
    balances: dict[tuple[int, int], int] = {}
    for owner, asset, balance in ask(db, units):
        balances[owner, asset] = balances.get((owner, asset), 0) + balance
    for owner, asset in sorted(rights.keys() | balances.keys()):
        said, has = rights.get((owner, asset), 0), balances.get((owner, asset), 0)
        if said != has:
            whose = account_name(owner, asset, FREE)
            yield Violation("E1", f"{whose} is {has}; its live rights are for {said}.")


def deliveries_within_rights(db: Connection) -> Iterator[Violation]:
    """E2, E3, E5: each delivery a receipt or a counted call, in time and quota."""
    found = ask(
        db,
        """
        SELECT e.id, e.deliveries, e.deliveries_max,
               COALESCE(r.receipts, 0) AS receipts, COALESCE(r.wrong, 0) AS wrong,
               COALESCE(u.taken, 0) AS taken
        FROM entitlements e
        LEFT JOIN (SELECT entitlement, SUM(taken) AS taken FROM uses
                   GROUP BY entitlement) u ON u.entitlement = e.id
        LEFT JOIN (
            SELECT x.entitlement, COUNT(*) AS receipts,
                   SUM(CASE WHEN x.holder <> y.holder OR x.at_us < y.from_us
                            OR (y.until_us IS NOT NULL AND x.at_us >= y.until_us)
                       THEN 1 ELSE 0 END) AS wrong
            FROM receipts x JOIN entitlements y ON y.id = x.entitlement
            GROUP BY x.entitlement
        ) r ON r.entitlement = e.id
        ORDER BY e.id
        """,
    )
    for row in found:
        name = ids.encode("entitlement", row.id)
        if row.deliveries != row.receipts + row.taken:
            yield Violation(
                "E5",
                f"Right {name} counts {row.deliveries} deliveries,"
                f" but has {row.receipts} receipts and {row.taken} counted calls.",
            )
        if row.deliveries_max is not None and row.deliveries > row.deliveries_max:
            yield Violation("E3", f"Right {name} was used more often than agreed.")
        if row.wrong:
            yield Violation(
                "E2", f"Right {name} was used {row.wrong} times when not in force."
            )
    alone = """
        SELECT r.id FROM receipts r LEFT JOIN entitlements e ON e.id = r.entitlement
        WHERE e.id IS NULL ORDER BY r.id
    """
    for (number,) in ask(db, alone):
        name = ids.encode("receipt", number)
        yield Violation("E5", f"Receipt {name} is under a right that does not exist.")


def terms_as_frozen(db: Connection) -> Iterator[Violation]:
    """E4: the terms that contracts and rights pin are the text that was hashed."""
    for number, sha256, body in ask(
        db, "SELECT id, sha256, body FROM terms ORDER BY id"
    ):
        if hashlib.sha256(body.encode()).hexdigest() != sha256:
            yield Violation("E4", f"The text of terms {number} has been changed.")
    found = ask(
        db,
        """
        SELECT e.id, e.terms FROM entitlements e LEFT JOIN terms t ON t.id = e.terms
        WHERE t.id IS NULL ORDER BY e.id
        """,
    )
    for number, terms in found:
        name = ids.encode("entitlement", number)
        yield Violation("E4", f"Right {name} is under terms {terms}, not there.")


def bytes_as_bought(db: Connection) -> Iterator[Violation]:
    """E4: what was delivered is a file of the release that the right pins, by hash.

    Terms without a release, as of a service, name no files to compare with. Of a clean
    room an answer is delivered, made of such a file; under a cut what is left of it.
    """
    known: dict[int, tuple[dict[str, tuple[str, int]] | None, bool]] = {}
    found = ask(
        db,
        """
        SELECT r.id, r.file, r.sha256, r.bytes, e.terms, t.body
        FROM receipts r JOIN entitlements e ON e.id = r.entitlement
        JOIN terms t ON t.id = e.terms ORDER BY r.id
        """,
    )
    for row in found:
        if row.terms not in known:
            terms = json.loads(row.body)
            known[row.terms] = _files(terms), bool({"cleanroom", "cut"} & terms.keys())
        files, answered = known[row.terms]
        if files is None:
            continue
        bought = files.get(ids.encode("file", row.file))
        if bought != (row.sha256, row.bytes) and not (answered and bought):
            name = ids.encode("receipt", row.id)
            yield Violation("E4", f"Receipt {name} is not for a file that was bought.")


def _files(terms: dict[str, Any]) -> dict[str, tuple[str, int]] | None:
    """Return hash and size of the files of the release in *terms*; None without one."""
    release = terms.get("release")
    if not release:
        return None
    return {
        file["id"]: (file["sha256"], file["size"]) for file in release.get("files", [])
    }
