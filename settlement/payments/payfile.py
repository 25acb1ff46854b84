"""Payout files: ISO 20022 pain.001.001.09, one payment a payout, ready for the bank.

The payout's id is its end-to-end reference: the bank's statement names it again.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree as ET

from settlement.money import BY_ASSET

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
NAME_MAX = 140  # characters, ISO 20022 Max140Text
ACCOUNT_MAX = 34  # Max34Text


class Paid(NamedTuple):
    """One payout to be sent."""

    payout: str  # its public id
    currency: int
    amount: int
    name: str
    destination: str


def write(
    payouts: Sequence[Paid], number: str, made_at: str, day: date, house: str
) -> bytes:
    """Return the file of *payouts*, all in one currency, paid on *day*."""
    assert payouts, number
    (currency,) = {paid.currency for paid in payouts}
    code, exponent = BY_ASSET[currency].code, BY_ASSET[currency].exponent
    total = _decimal(sum(paid.amount for paid in payouts), exponent)
    root = ET.Element("Document", {"xmlns": NAMESPACE})
    top = ET.SubElement(root, "CstmrCdtTrfInitn")
    head = ET.SubElement(top, "GrpHdr")
    for name, text in (
        ("MsgId", number), ("CreDtTm", made_at), ("NbOfTxs", str(len(payouts))),
        ("CtrlSum", total),
    ):  # fmt: skip
        ET.SubElement(head, name).text = text
    _put(head, "InitgPty/Nm", house[:NAME_MAX])
    block = ET.SubElement(top, "PmtInf")
    for name, text in (
        ("PmtInfId", number), ("PmtMtd", "TRF"), ("NbOfTxs", str(len(payouts))),
        ("CtrlSum", total),
    ):  # fmt: skip
        ET.SubElement(block, name).text = text
    _put(block, "ReqdExctnDt/Dt", day.isoformat())
    _put(block, "Dbtr/Nm", house[:NAME_MAX])
    _put(block, "DbtrAcct/Id/Othr/Id", "HOUSE")
    _put(block, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    for paid in payouts:
        one = ET.SubElement(block, "CdtTrfTxInf")
        _put(one, "PmtId/EndToEndId", paid.payout)
        size = _put(one, "Amt/InstdAmt", _decimal(paid.amount, exponent))
        size.set("Ccy", code)
        _put(one, "Cdtr/Nm", paid.name[:NAME_MAX])
        _put(one, "CdtrAcct/Id/Othr/Id", paid.destination[:ACCOUNT_MAX])
        _put(one, "RmtInf/Ustrd", paid.payout)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _put(parent: ET.Element, path: str, text: str) -> ET.Element:
    for name in path.split("/"):
        parent = ET.SubElement(parent, name)
    parent.text = text
    return parent


def _decimal(amount: int, exponent: int) -> str:
    if not exponent:
        return str(amount)
    whole, rest = divmod(amount, 10**exponent)
    return f"{whole}.{rest:0{exponent}}"
