"""Bank transfers: references that check themselves, and statements read safely.

Sources: ISO 11649 (creditor reference, check digits by ISO 7064 mod 97-10), ISO 20022
camt.053. A statement whose lines do not lead from its opening to its closing balance is
refused whole: nothing is missing, nothing is there twice.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree as ET

from settlement import ids, money
from settlement.errors import NotFound, Refusal

STATEMENT_MAX = 8 * 1024 * 1024  # bytes
LINES_MAX = 20_000
TEXT_MAX = 500  # characters kept of what a line says
COLUMNS = ("day", "currency", "amount", "reference", "text", "party")
_REFERENCE = re.compile(r"RF([0-9]{2})PIN([0-9A-HJKMNP-TV-Z]{1,13})", re.ASCII)
_PAYOUT = re.compile(r"pot_[0-9a-hjkmnp-tv-z]{1,13}", re.ASCII)
DETAILS = "NtryDtls/TxDtls"
_BOOKED = {"BOOK", ""}


@dataclass(eq=False)
class NotAStatement(Refusal):
    """The file is not a bank statement that can be taken as it is."""

    problem: str
    line: int


class BankLine(NamedTuple):
    """One line of a statement."""

    reference: str  # the bank's own, unique within the account
    day: str  # ISO date
    currency: str
    amount: int  # minor units; above zero: money that came
    text: str
    party: str


class Statement(NamedTuple):
    """A statement of one account in one currency."""

    name: str
    currency: str
    opening: int | None  # minor units; None: the format has no balances
    closing: int | None
    lines: tuple[BankLine, ...]


def reference_of(payin: int) -> str:
    """Return the reference that a transfer for *payin* carries, e.g. RF..PIN0000011."""
    body = "PIN" + ids.encode("payin", payin).partition("_")[2].upper()
    return f"RF{98 - _remainder(body + 'RF00'):02}{body}"


def payin_in(text: str) -> int | None:
    """Return the pay-in whose reference *text* carries, checked; None if none."""
    for check, digits in _REFERENCE.findall(re.sub(r"\s+", "", text.upper())):
        # Banks run words together: the shortest body that its digits confirm counts.
        for length in range(ids.WIDTH, len(digits) + 1):
            body = f"PIN{digits[:length]}"
            if _remainder(f"{body}RF{check}") == 1:
                return ids.decode("payin", f"pin_{digits[:length].lower()}")
    return None


def payout_in(text: str) -> int | None:
    """Return the payout that *text* names by its id; None if none."""
    found = _PAYOUT.search(text.lower())
    try:
        return ids.decode("payout", found[0]) if found else None
    except NotFound:
        return None


def _remainder(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def read(content: bytes) -> Statement:
    """Return the statement in *content*: camt.053 or CSV; NotAStatement if neither."""
    if len(content) > STATEMENT_MAX:
        raise NotAStatement("too_large", 0)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAStatement("not_utf8", 0) from None
    read_it = _read_camt if text.lstrip().startswith("<") else _read_csv
    statement = read_it(text)
    if not statement.lines:
        raise NotAStatement("no_lines", 0)
    seen = [line.reference for line in statement.lines]
    for number, line in enumerate(statement.lines, start=1):
        if line.currency != statement.currency:
            raise NotAStatement("currency", number)
        if not line.reference or seen.index(line.reference) != number - 1:
            raise NotAStatement("reference", number)
    if statement.opening is not None and statement.closing is not None:
        moved = sum(line.amount for line in statement.lines)
        if statement.opening + moved != statement.closing:
            raise NotAStatement("balance", 0)
    return statement


def _read_csv(text: str) -> Statement:
    rows = csv.DictReader(io.StringIO(text))
    if tuple(rows.fieldnames or ())[: len(COLUMNS)] != COLUMNS:
        raise NotAStatement("columns", 1)
    lines: list[BankLine] = []
    try:
        for row in rows:
            number = len(lines) + 1
            if number > LINES_MAX:
                raise NotAStatement("too_large", number)
            amount = _signed(row["amount"] or "", row["currency"] or "", number)
            lines.append(
                BankLine(
                    (row["reference"] or "")[:100], _day(row["day"] or "", number),
                    row["currency"], amount, (row["text"] or "")[:TEXT_MAX],
                    (row["party"] or "")[:TEXT_MAX],
                )
            )  # fmt: skip
    except csv.Error:
        raise NotAStatement("columns", len(lines) + 1) from None
    currency = lines[0].currency if lines else money.DEFAULT
    name = f"CSV {lines[0].day} – {lines[-1].day}" if lines else ""
    return Statement(name, currency, None, None, tuple(lines))


def _signed(text: str, currency: str, line: int) -> int:
    sign = -1 if text.strip().startswith("-") else 1
    if currency not in money.BY_CODE:
        raise NotAStatement("currency", line)
    try:
        amount = money.parse(text.strip().removeprefix("-"), currency)
    except money.NotAnAmount:
        raise NotAStatement("amount", line) from None
    if not amount:
        raise NotAStatement("amount", line)
    return sign * amount


def _day(text: str, line: int) -> str:
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise NotAStatement("day", line) from None


def _read_camt(text: str) -> Statement:
    """Read camt.053, any version: names are compared without their namespace.

    No document type, so no entities, nothing from outside, no expansion (attack 57).
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotAStatement("doctype", 0)
    try:
        root = ET.fromstring(text)  # noqa: S314 (no document type: see above)
    except ET.ParseError:
        raise NotAStatement("xml", 0) from None
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]
    found = root.findall("BkToCstmrStmt/Stmt")
    if len(found) != 1:
        raise NotAStatement("statements", len(found))
    (stmt,) = found
    lines = tuple(_entries(stmt))
    if not lines:
        raise NotAStatement("no_lines", 0)
    currency = lines[0].currency
    opening, closing = (_balance(stmt, code, currency) for code in ("OPBD", "CLBD"))
    return Statement(_said(stmt, "Id"), currency, opening, closing, lines)


def _entries(stmt: ET.Element) -> Iterator[BankLine]:
    for number, entry in enumerate(stmt.iterfind("Ntry"), start=1):
        if number > LINES_MAX:
            raise NotAStatement("too_large", number)
        if (_said(entry, "Sts/Cd") or _said(entry, "Sts")) not in _BOOKED:
            continue
        size = entry.find("Amt")
        if size is None:
            raise NotAStatement("amount", number)
        currency = size.get("Ccy", "")
        sign = "-" if _said(entry, "CdtDbtInd") == "DBIT" else ""
        words = (
            f"{DETAILS}/RmtInf/Ustrd", f"{DETAILS}/RmtInf/Strd/CdtrRefInf/Ref",
            f"{DETAILS}/Refs/EndToEndId", "AddtlNtryInf",
        )  # fmt: skip
        text = " ".join(filter(None, (_said(entry, path) for path in words)))
        side = "Dbtr" if not sign else "Cdtr"
        people = f"{DETAILS}/RltdPties"
        yield BankLine(
            (_said(entry, "AcctSvcrRef") or _said(entry, "NtryRef"))[:100],
            _day(_said(entry, "BookgDt/Dt") or _said(entry, "BookgDt/DtTm"), number),
            currency, _signed(f"{sign}{size.text or ''}", currency, number),
            text[:TEXT_MAX],
            (
                _said(entry, f"{people}/{side}/Nm")
                or _said(entry, f"{people}/{side}/Pty/Nm")
            )[:TEXT_MAX],
        )  # fmt: skip


def _balance(stmt: ET.Element, code: str, currency: str) -> int | None:
    for balance in stmt.iterfind("Bal"):
        if _said(balance, "Tp/CdOrPrtry/Cd") == code:
            text = _said(balance, "Amt")
            sign = -1 if _said(balance, "CdtDbtInd") == "DBIT" else 1
            if currency not in money.BY_CODE:
                raise NotAStatement("currency", 0)
            try:
                return sign * money.parse(text, currency)
            except money.NotAnAmount:
                raise NotAStatement("balance", 0) from None
    return None


def _said(part: ET.Element, path: str) -> str:
    return " ".join(
        text for found in part.iterfind(path) if (text := (found.text or "").strip())
    )
