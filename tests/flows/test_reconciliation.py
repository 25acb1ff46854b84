"""A statement is taken in, breaks are found, and two persons mend one."""

import io
import re

import pytest

from marketplace.payments import reconciliation
from settlement.corrections import may
from settlement.ids import decode
from settlement.payments.bank import reference_of
from tests.floor import proven
from tests.flows.market import headline, location
from tests.programs import program

__all__ = ["program"]
HEAD = "day,currency,amount,reference,text,party\n"


def announce(buyer, amount, reference="A-1"):
    """Announce a transfer; the pay-in's number, and what to write on it."""
    typed = {"currency": "CNY", "amount": amount, "reference": reference}
    location(buyer.post("/cash/payins", **typed))
    page = buyer.get("/cash").text
    number = max(
        decode("payin", x) for x in re.findall(r"/cash/payins/(pin_\w+)", page)
    )
    return number, reference_of(number)


def take(officer, *lines):
    """Bring a statement of these lines."""
    rows = "".join(f"2026-11-02,CNY,{line}\n" for line in lines)
    file = (io.BytesIO((HEAD + rows).encode()), "s.csv")
    return officer.post("/staff/reconciliation/statements", statement=file)


@pytest.fixture
def desk(visit):
    """Who works at the desk: the officer and the approver."""
    return visit("settlement_officer"), visit("settlement_approver")


def test_a_transfer_with_its_reference_is_credited_by_the_statement(
    visit, program, parts, desk
):
    buyer, officer = visit("buyer"), desk[0]
    number, reference = announce(buyer, "120.50")
    (payin,) = program("buyer").read("/payins")["data"]
    assert reference in buyer.get(f"/cash/payins/{payin['id']}").text
    location(take(officer, f"120.50,B1,{reference},Company 2"))
    assert program("buyer").read("/balances")["data"][0]["free"] == 12_050
    with parts.reads.connect() as db:
        assert reconciliation.open_breaks(db) == []
        (bank,) = reconciliation.rails(db)
        assert (bank.theirs, bank.ours, bank.unexplained) == (12_050, 12_050, 0)
    again = take(officer, f"120.50,B1,{reference},Company 2")
    assert again.status_code == 422
    assert "known" in headline(again) or again.status_code == 422
    assert number == 1
    proven(parts.reads)


def test_what_does_not_fit_is_a_break_that_two_persons_mend(
    visit, program, parts, desk
):
    buyer, (officer, approver) = visit("buyer"), desk
    _, reference = announce(buyer, "100.00")
    location(take(officer, f"99.00,B1,{reference},Company 2", "-3.00,B2,charges,Bank"))
    assert program("buyer").read("/balances")["data"] == []
    with parts.reads.connect() as db:
        less, charge = reconciliation.open_breaks(db)
        assert (less.cause, less.amount) == ("bank_amount", 9_900)
        assert (charge.cause, charge.amount) == ("bank_unknown", -300)
        assert reconciliation.journal_of(less) == ("bank", "member")
        assert reconciliation.journal_of(charge) == ("costs", "bank")
    page = officer.get("/staff/reconciliation").text
    address = re.findall(
        r'action="(/staff/reconciliation/breaks/brk_\w+/propose)', page
    )
    journal = {"debit": "bank", "credit": "member", "reason": "one yuan less came"}
    assert officer.post(address[0], debit="bank", credit="member").status_code == 422
    location(officer.post(address[0], **journal))
    assert officer.post(address[0], **journal).status_code == 409
    decide = address[0].replace("propose", "decide")
    own = officer.post(decide, decision="approve")
    assert own.status_code == 403, headline(own)
    assert "one yuan less came" in approver.get("/staff/reconciliation").text
    location(approver.post(decide, decision="approve"))
    assert program("buyer").read("/balances")["data"][0]["free"] == 9_900
    location(officer.post(address[1], **journal | {"debit": "costs", "credit": "bank"}))
    location(approver.post(decide.replace(less_of(address[0]), less_of(address[1])),
                           decision="reject"))  # fmt: skip
    with parts.reads.connect() as db:
        assert [row.id for row in reconciliation.open_breaks(db)] == [charge.id]
        (bank,) = reconciliation.rails(db)
        assert (bank.waiting, bank.unexplained) == (-300, 0)
    for role in ("surveillance", "buyer"):
        refused = visit(role).post(address[1], **journal)
        assert refused.status_code in (403, 404)
    proven(parts.reads)


def less_of(address):
    """Return the break's id in an address."""
    return re.findall(r"brk_\w+", address)[0]


def test_a_payout_is_paid_by_the_statement_and_comes_back(visit, program, parts, desk):
    buyer, (officer, approver) = visit("buyer"), desk
    _, reference = announce(buyer, "50.00")
    location(take(officer, f"50.00,B1,{reference},Company 2"))
    typed = {"payout_currency": "CNY", "payout_amount": "20.00", "destination": "6222"}
    location(buyer.post("/cash/payouts", **typed))
    assert officer.post("/staff/payouts/file", currency="CNY").status_code == 404
    location(approver.post("/staff/money/payout/pot_0000001/approve"))
    file = officer.post("/staff/payouts/file", currency="CNY")
    assert b"<EndToEndId>pot_0000001</EndToEndId>" in file.data
    location(take(officer, "-20.00,B2,pot_0000001,Company 2"))
    assert program("buyer").read("/payouts")["data"][0]["state"] == "paid"
    location(take(officer, "20.00,B3,RETURN pot_0000001 account closed,Bank"))
    with parts.reads.connect() as db:
        (back,) = reconciliation.open_breaks(db)
        assert (back.cause, back.amount) == ("bank_returned", 2_000)
        assert back.member == program_member(program)
        (bank,) = reconciliation.rails(db)
        assert (bank.theirs, bank.waiting, bank.unexplained) == (5_000, 2_000, 0)
    proven(parts.reads)


def program_member(program):
    """Return the buyer's number."""
    return decode("member", program("buyer").read("/me")["member"])


def test_limits_grow_with_the_role():
    officer, admin = frozenset({"settlement_officer"}), frozenset({"admin"})
    assert may(officer, 100_000_00, 2)
    assert not may(officer, 100_000_01, 2)
    assert may(admin, 100_000_01, 2)
    assert not may(frozenset({"registrar"}), 1, 2)
