"""Policies made at random: logic like a naive twin, prohibitions never widen."""

from hypothesis import given, settings
from hypothesis import strategies as st

from listings.odrl.conditions import View, check
from listings.odrl.evaluation import compiled, evaluate
from listings.odrl.policy import (
    NO_RELATIONS,
    Constraint,
    Logical,
    Policy,
    Request,
    Rule,
    Term,
    World,
)
from listings.odrl.values import compare, iri, number, same, typed
from listings.odrl.words import ODRL

NAMES = ["a", "b", "c"]
names = st.sampled_from(NAMES)
values = st.builds(iri, names)
constraints = st.builds(
    Constraint,
    st.just("c"),
    names,
    st.sampled_from(["eq", "neq", "isAnyOf", "isNoneOf", "isAllOf"]),
    st.lists(values, min_size=1, max_size=3).map(tuple),
)
conditions = st.recursive(
    constraints,
    lambda parts: st.builds(
        Logical,
        st.just("l"),
        st.sampled_from(["and", "or", "xone", "andSequence"]),
        st.lists(parts, min_size=1, max_size=4).map(tuple),
    ),
    max_leaves=12,
)
facts = st.dictionaries(names, st.lists(values, max_size=3).map(tuple))


def naive(condition, known, every) -> bool:
    """Say the same in the plainest way: sets and truth tables."""
    if isinstance(condition, Constraint):
        found = {value.text for value in known.get(condition.left, ())}
        wanted = {value.text for value in condition.rights}
        if not found:
            return False
        if condition.operator == "isAllOf":
            return wanted <= found
        positive = condition.operator in {"eq", "isAnyOf"}
        good = found & wanted if positive else found - wanted
        return good == found if every else bool(good)
    truth = [naive(part, known, every) for part in condition.parts]
    if condition.operator == "or":
        return True in truth
    if condition.operator == "xone":
        return truth.count(True) == 1
    return False not in truth


@given(conditions, facts, st.booleans())
def test_logic_is_that_of_a_naive_twin(condition, known, every):
    view = View(lambda left: known.get(left, ()), (NO_RELATIONS,), every)
    assert check(condition, view).holds == naive(condition, known, every)


actions = st.sampled_from([f"{ODRL}use", f"{ODRL}read", f"{ODRL}print"])
terms = st.lists(actions.map(Term), min_size=1, max_size=2).map(tuple)
assets = st.lists(names.map(Term), max_size=2).map(tuple)


def rules(kind):
    several = st.lists(conditions, max_size=2).map(tuple)
    parts = st.tuples(terms, assets, st.just(()), assets, several)
    return parts.map(lambda found: Rule(kind, kind, *found))


wanted = st.sampled_from([f"{ODRL}read", f"{ODRL}print", f"{ODRL}sell"])
requests = st.tuples(wanted, names, names, st.none(), facts).map(
    lambda found: Request(*found)
)
policies = st.lists(rules("permission") | rules("prohibition"), max_size=5)


@given(policies, rules("prohibition"), requests)
@settings(max_examples=200)
def test_a_prohibition_never_widens_what_is_allowed(made, another, request):
    for strategy in ("prohibit", "invalid"):
        before = evaluate(Policy("p", "Set", strategy, tuple(made)), request, World())
        more = Policy("p", "Set", strategy, (*made, another))
        assert before.allowed >= evaluate(more, request, World()).allowed


@given(policies, rules("permission"), requests)
def test_a_permission_never_narrows_what_is_allowed_unless_it_voids(
    made, another, request
):
    for strategy in ("prohibit", "perm"):
        before = evaluate(Policy("p", "Set", strategy, tuple(made)), request, World())
        more = Policy("p", "Set", strategy, (*made, another))
        assert before.allowed <= evaluate(more, request, World()).allowed


@given(policies, requests)
def test_a_compiled_policy_decides_the_same(made, request):
    policy = Policy("p", "Set", "invalid", tuple(made))
    short = compiled(policy, request.action)
    verdict = evaluate(policy, request, World()).verdict
    assert evaluate(short, request, World()).verdict == verdict


@given(policies, requests)
def test_the_order_of_rules_does_not_matter(made, request):
    one = evaluate(Policy("p", "Set", "invalid", tuple(made)), request, World())
    made.reverse()
    other = evaluate(Policy("p", "Set", "invalid", tuple(made)), request, World())
    assert one.verdict == other.verdict


XSD = "http://www.w3.org/2001/XMLSchema#"


@given(st.datetimes(), st.datetimes())
def test_moments_are_ordered_as_the_calendar_has_them(one, other):
    a, b = (typed(when.isoformat(), f"{XSD}dateTime") for when in (one, other))
    assert compare(a, b) == (one > other) - (one < other)
    assert same(a, b) == (one == other)


@given(st.integers(), st.integers())
def test_numbers_are_ordered_as_integers_are(one, other):
    assert compare(number(one), number(other)) == (one > other) - (one < other)
