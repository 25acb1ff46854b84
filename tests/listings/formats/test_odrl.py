"""Licences as ODRL: what is exported reads back as the policy that is enforced."""

import json

import pytest

from listings import standard
from listings.formats import odrl
from listings.formats.odrl import Contract
from listings.odrl import parsing
from listings.odrl.evaluation import evaluate
from listings.odrl.policy import Request, World
from listings.odrl.values import iri

CONTRACT = Contract(
    "prd_0000001",
    "mem_0000001",
    "mem_0000002",
    since_us=1_700_000_000_000_000,
    until_us=1_800_000_000_000_001,
    deliveries_max=3,
    transferable=False,
)
OFFER = Contract("prd_0000001", "mem_0000001", term_days=365, price=("12.50", "CNY"))


def plain(rule):
    """Return a rule without the names and the order that blank nodes lose."""
    return (
        rule.kind,
        {term.iri for term in rule.actions},
        {term.iri for term in rule.targets},
        {term.iri for term in rule.assigners},
        {term.iri for term in rule.assignees},
        {
            (c.left, c.operator, frozenset(right.text for right in c.rights))
            for c in rule.conditions
        },
        len(rule.duties),
    )


@pytest.mark.parametrize("licence", standard.STANDARD, ids=lambda found: found.code)
@pytest.mark.parametrize(
    "contract", [Contract(), CONTRACT, OFFER], ids=["set", "agreement", "offer"]
)
@pytest.mark.parametrize("syntax", ["json-ld", "turtle"])
def test_what_is_written_reads_back_as_the_same_rules(licence, contract, syntax):
    policy = odrl.policy(licence, contract)
    text = (
        json.dumps(odrl.to_jsonld(policy))
        if syntax == "json-ld"
        else odrl.to_turtle(policy)
    )
    again = parsing.policy(text.encode())
    assert (again.uid, again.type, again.conflict) == policy[:3]
    key = lambda rule: rule.id
    assert [plain(rule) for rule in sorted(again.rules, key=key)] == [
        plain(rule) for rule in sorted(policy.rules, key=key)
    ]


def ask(use: str, purpose: str, **facts: str) -> Request:
    told = {"purpose": purpose} | facts
    return Request(
        odrl.ACTIONS[use],
        odrl.name("product", "prd_0000001"),
        odrl.name("member", "mem_0000002"),
        facts={
            f"{odrl.ODRL}{left}": (iri(odrl.name(left, value)),)
            for left, value in told.items()
        },
    )


def test_the_licence_that_trains_permits_training_and_no_other_does():
    for licence in standard.STANDARD:
        policy = odrl.policy(licence, Contract("prd_0000001", None, "mem_0000002"))
        found = evaluate(policy, ask("train", "model_training"), World())
        assert found.allowed == ("train" in licence.terms.uses), licence.code


def test_what_nobody_has_read_into_facts_forbids_nothing_by_itself():
    licence = standard.STANDARD[0]._replace(terms=None)
    policy = odrl.policy(licence)
    assert [rule.kind for rule in policy.rules] == ["permission"]


def test_an_offer_waits_for_its_price():
    policy = odrl.policy(standard.STANDARD[0], OFFER)
    found = evaluate(policy, ask("access", "internal_analysis"), World())
    assert not found.allowed
    assert not found.binding
    assert found.rules[0].failed[-1].what == "duty"
