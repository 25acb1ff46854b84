"""Duties: pending, fulfilled, violated; consequences and remedies."""

import pytest

from listings.odrl.evaluation import Decision
from tests.listings.odrl.cases import ask, decide, verdict

YES, NO, FORBIDDEN = "permitted", "not_permitted", "prohibited"
C = "[ :leftOperand {0} ; :operator :{1} ; :rightOperand {2} ]"

PAY = "; :duty ex:d ] . ex:d :action :compensate"
PAID = "[] a state:Performance ; :action :compensate ; :assignee ex:ann"
DUTY = "ex:p a :Set ; :permission [ :action :read ; :assignee ex:ann ; :duty ex:d ] . ex:d :action :compensate {} ."
FIVE = f"[ rdf:value :compensate ; :refinement {C.format(':payAmount', 'gteq', '5')} ]"
REFINED = f"ex:p a :Set ; :permission [ :action :read ; :duty [ :action {FIVE} ] ] ."
BEFORE = f"; :constraint {C.format(':dateTime', 'lteq', chr(34) + '2026-06-10' + chr(34) + '^^xsd:date')}"
LATE_FEE = "; :consequence [ :action :ensureExclusivity ]"
SAID = "[] a report:DutyReport ; report:rule ex:d ; report:deonticState report:{} ."
DUTIES = [
    (DUTY.format(""), "", NO),
    (DUTY.format(""), f"{PAID} .", YES),
    (DUTY.format(""), f"{PAID} .".replace("ex:ann", "ex:bob"), NO),
    (DUTY.format(""), f"{PAID} .".replace(":compensate", ":pay"), YES),
    (DUTY.format(""), SAID.format("Fulfilled"), YES),
    (DUTY.format(""), SAID.format("Violated"), NO),
    (DUTY.format(""), SAID.format("NonSet"), YES),
    (REFINED, f"{PAID} ; :payAmount 5 .", YES),
    (REFINED, f"{PAID} ; :payAmount 4.99 .", NO),
    (REFINED, f"{PAID} .", NO),
    (DUTY.format(BEFORE), f'{PAID} ; dct:issued "2026-06-09T00:00:00Z"^^xsd:dateTime .', YES),
    (DUTY.format(BEFORE), f'{PAID} ; dct:issued "2026-06-12T00:00:00Z"^^xsd:dateTime .', NO),
    (DUTY.format(BEFORE + LATE_FEE), f'{PAID} ; dct:issued "2026-06-12T00:00:00Z"^^xsd:dateTime .', NO),
    (
        DUTY.format(BEFORE + LATE_FEE),
        (f'{PAID} ; dct:issued "2026-06-12T00:00:00Z"^^xsd:dateTime .'
        " [] a state:Performance ; :action :ensureExclusivity ; :assignee ex:ann ."),
        YES,
    ),
    (
        "ex:p a :Set ; :permission [ :action :read ; :duty [ :action :attribute, :inform ] ] .",
        "[] a state:Performance ; :action :inform .",
        NO,
    ),
    (
        "ex:p a :Set ; :permission [ :action :read ; :duty [ :action :attribute, :inform ] ] .",
        "[] a state:Performance ; :action :inform . [] a state:Performance ; :action :attribute .",
        YES,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "state", "expected"), DUTIES)
def test_a_permission_waits_for_its_duties(policy, state, expected):
    assert verdict(policy, ask(), state) == expected


OBLIGED = "ex:p a :Set ; :permission [ :action :read ] ; :obligation ex:o . ex:o :action :delete ; :assignee ex:ann {} ."


def obligation(decision: Decision):
    (found,) = [r for r in decision.rules if r.rule.kind == "obligation"]
    return found.state, found.active


def test_an_obligation_binds_without_making_a_permission_inactive():
    decision = decide(OBLIGED.format(""))
    assert decision.allowed
    assert obligation(decision) == ("pending", True)


def test_an_obligation_that_is_fulfilled_binds_no_more():
    done = "[] a state:Performance ; :action :delete ; :assignee ex:ann ."
    assert obligation(decide(OBLIGED.format(""), ask(), done)) == ("fulfilled", False)


def test_an_obligation_is_violated_when_its_time_is_over():
    assert obligation(decide(OBLIGED.format(BEFORE))) == ("violated", True)


def test_an_obligation_of_somebody_else_does_not_bind():
    assert obligation(decide(OBLIGED.format(""), ask(who="ex:bob")))[1] is False


REMEDY = "ex:p a :Set ; :prohibition [ :action :index ; :target ex:x ; :remedy [ :action :anonymize ] ] ."


@pytest.mark.parametrize(
    ("done", "state"),
    [((), "kept"), ((":index",), "infringed"), ((":index", ":anonymize"), "remedied")],
)
def test_a_breach_makes_remedies_due(done, state):
    log = " ".join(
        f"[] a state:Performance ; :action {action} ; :assignee ex:ann ."
        for action in done
    )
    decision = decide(REMEDY, ask(":index"), log)
    assert decision.rules[0].state == state
    assert decision.verdict == FORBIDDEN
