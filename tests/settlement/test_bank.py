"""References that check themselves, statements read safely, files for the bank."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.payments.bank import (
    NotAStatement,
    payin_in,
    payout_in,
    read,
    reference_of,
)
from settlement.payments.payfile import NAMESPACE, Paid, write

HEAD = "day,currency,amount,reference,text,party\n"
ENTRY = (
    "<Ntry><Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>"
    "<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt>"
    "<AcctSvcrRef>{number}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Dbtr><Pty>"
    "<Nm>某公司</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
    "</TxDtls></NtryDtls></Ntry>"
)


def camt(*entries, opening="100.00", closing="130.50", more=""):
    """Return a statement of camt.053 as a bank writes it."""
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f"<Amt Ccy='CNY'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        for code, amount in (("OPBD", opening), ("CLBD", closing))
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>{more}"
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>"
        f"<BkToCstmrStmt><Stmt><Id>S-1</Id>{balances}{''.join(entries)}</Stmt>"
        "</BkToCstmrStmt></Document>"
    ).encode()


COME = ENTRY.format(amount="50.50", side="CRDT", number="B1", text="invoice 7")
GO = ENTRY.format(amount="20.00", side="DBIT", number="B2", text="pot_0000003")


@given(st.integers(1, 2**60))
def test_a_reference_names_its_pay_in_and_no_slip_goes_unseen(number):
    said = reference_of(number)
    spaced = " ".join(said[at : at + 4] for at in range(0, len(said), 4))
    for text in (said, f"pay {spaced.lower()} thanks", f"/ROC/{said}/x"):
        assert payin_in(text) == number
    *rest, last, end = said
    if last.isdigit() == end.isdigit() and last != end:
        assert payin_in("".join(rest) + end + last) is None
    other = ("1" if end == "0" else "0") if end.isdigit() else "BA"[end == "B"]
    assert payin_in(said[:-1] + other) is None or other == end


def test_text_without_a_reference_names_nothing():
    for text in ("", "RF", "RF18PIN", "invoice 7", "RF00PIN0000011"):
        assert payin_in(text) is None
    assert payout_in("for POT_0000003.") == 3
    assert payout_in("pot of gold") is None


def test_a_statement_leads_from_balance_to_balance():
    found = read(camt(COME, GO))
    assert (found.name, found.currency, found.opening) == ("S-1", "CNY", 10_000)
    assert [(line.reference, line.amount) for line in found.lines] == [
        ("B1", 5_050), ("B2", -2_000),
    ]  # fmt: skip
    assert found.lines[0].party == "某公司"
    assert found.lines[1].text == "pot_0000003"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (camt(COME), "balance"),
        (camt(COME, COME, closing="201.00"), "reference"),
        (camt(), "no_lines"),
        (camt(COME, more="<!DOCTYPE x [<!ENTITY a 'b'>]>"), "doctype"),
        (b"<x>", "xml"),
        (b"<Document/>", "statements"),
        (camt(COME.replace("50.50", "50.505")), "amount"),
        (camt(COME.replace("2026-11-02", "yesterday")), "day"),
        (b"\xff\xfe<\x00", "not_utf8"),
        (b"a,b\n1,2\n", "columns"),
        ((HEAD + "2026-11-02,CNY,1e3,B1,x,y\n").encode(), "amount"),
        ((HEAD + "2026-11-02,XAU,1.00,B1,x,y\n").encode(), "currency"),
        ((HEAD + "2026-11-02,CNY,0.00,B1,x,y\n").encode(), "amount"),
        ((HEAD + "2026-11-02,CNY,1.00,,x,y\n").encode(), "reference"),
        (
            (HEAD + "2026-11-02,CNY,1.00,1,x,y\n2026-11-02,USD,1.00,2,x,y\n").encode(),
            "currency",
        ),
        (HEAD.encode(), "no_lines"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_whole(content, problem):
    with pytest.raises(NotAStatement) as refused:
        read(content)
    assert refused.value.problem == problem


def test_lines_come_as_csv_too():
    found = read((HEAD + "2026-11-02,CNY,-1.20,B1,rent,landlord\n").encode())
    assert found.lines[0][:4] == ("B1", "2026-11-02", "CNY", -120)
    assert found.opening is None


def test_a_payout_file_adds_up_and_names_every_payout():
    from xml.etree import ElementTree as ET

    paid = [
        Paid("pot_0000001", 1, 12_050, "甲 & Co", "6222 0000"),
        Paid("pot_0000002", 1, 5, "B", "DE00"),
    ]
    made = "2026-11-02T09:00:00"
    content = write(paid, "P-1", made, date(2026, 11, 3), "House")
    root = ET.fromstring(content)
    space = {"p": NAMESPACE}
    assert [x.text for x in root.iterfind(".//p:CtrlSum", space)] == ["120.55"] * 2
    assert [x.text for x in root.iterfind(".//p:NbOfTxs", space)] == ["2"] * 2
    sums = [x.text for x in root.iterfind(".//p:InstdAmt", space)]
    assert sums == ["120.50", "0.05"]
    ends = [x.text for x in root.iterfind(".//p:EndToEndId", space)]
    assert ends == ["pot_0000001", "pot_0000002"]
    yen = write([paid[0]._replace(currency=4, amount=7)], "P", made, date.min, "H")
    assert b'<InstdAmt Ccy="JPY">7</InstdAmt>' in yen
