"""Rules: actions, targets, parties, refinements, logic, duties, conflicts, inheritance.

The scenarios follow the ideas of known suites of ODRL evaluators (SolidLab's among
them): everybody and somebody, use and its parts, past and future, duties unset,
fulfilled and violated.
"""

import pytest

from listings.odrl.words import ACTIONS, INCLUDED_IN, ODRL
from tests.listings.odrl.cases import ask, decide, permission, verdict

YES, NO, FORBIDDEN = "permitted", "not_permitted", "prohibited"
C = "[ :leftOperand {0} ; :operator :{1} ; :rightOperand {2} ]"


def rule(kind: str, body: str, more: str = "") -> str:
    return f"ex:p a :Set {more} ; :{kind} ex:r . ex:r a :{kind.title()} ; {body} ."


EVERYBODY = "ex:p a :Set ; :permission ex:r . ex:r a :Permission ."
WHO_WHAT = [
    (EVERYBODY, ask(), YES),
    (EVERYBODY, ask(":sell", "ex:y", "ex:bob"), YES),
    (rule("prohibition", ":action :use"), ask(), FORBIDDEN),
    (rule("permission", ":action :use"), ask(":read"), YES),
    (rule("permission", ":action :use"), ask(":use"), YES),
    (rule("permission", ":action :use"), ask(":transfer"), NO),
    (rule("permission", ":action :use"), ask(":sell"), NO),
    (rule("permission", ":action :transfer"), ask(":sell"), YES),
    (rule("permission", ":action :transfer"), ask(":give"), YES),
    (rule("permission", ":action :transfer"), ask(":read"), NO),
    (rule("permission", ":action :play"), ask(":display"), YES),
    (rule("permission", ":action :display"), ask(":play"), NO),
    (rule("permission", ":action :reproduce"), ask(":extract"), YES),
    (rule("permission", ":action :reproduce"), ask(":copy"), YES),
    (rule("permission", ":action :read"), ask(":use"), NO),
    (rule("permission", ":action cc:Reproduction"), ask("cc:Reproduction"), YES),
    (rule("permission", ":action :use"), ask("cc:Distribution"), YES),
    (rule("permission", ":action :use"), ask("ex:unheardOf"), NO),
    (rule("permission", ":action :read, :modify"), ask(":modify"), YES),
    (rule("permission", ":action :read, :modify"), ask(":sell"), NO),
    (rule("permission", ":action :read ; :target ex:x"), ask(target="ex:y"), NO),
    (rule("permission", ":action :read ; :target ex:x, ex:y"), ask(target="ex:y"), YES),
    (rule("permission", ":action :read ; :assignee ex:ann"), ask(who="ex:bob"), NO),
    (
        rule("permission", ":action :read ; :assignee ex:ann, ex:bob"),
        ask(who="ex:bob"),
        YES,
    ),
    (
        rule("permission", ":action ex:scan") + " ex:scan :includedIn :read .",
        ask("ex:scan"),
        YES,
    ),
    (
        rule("permission", ":action :read") + " ex:scan :includedIn :read .",
        ask("ex:scan"),
        YES,
    ),
    (
        rule("permission", ":action :print") + " ex:scan :includedIn :read .",
        ask("ex:scan"),
        NO,
    ),
    (
        rule("permission", ":action :read ; :assigner ex:vera"),
        ask(more=":assigner ex:vera"),
        YES,
    ),
    (
        rule("permission", ":action :read ; :assigner ex:vera"),
        ask(more=":assigner ex:otto"),
        NO,
    ),
]


@pytest.mark.parametrize(("policy", "request_", "expected"), WHO_WHAT)
def test_action_target_and_party_must_fit(policy, request_, expected):
    assert verdict(policy, request_) == expected


@pytest.mark.parametrize("action", sorted(ACTIONS - {f"{ODRL}use", f"{ODRL}transfer"}))
def test_every_action_of_the_vocabulary_is_in_use_or_in_transfer(action):
    seen = set()
    while (action := INCLUDED_IN.get(action, "")) and action not in seen:
        seen.add(action)
    assert len(seen & {f"{ODRL}use", f"{ODRL}transfer"}) == 1


TARGETS = ":action :read ; :target [ a :AssetCollection ; :source ex:docs {} ]"
PARTIES = ":action :read ; :assignee [ a :PartyCollection ; :source ex:staff {} ]"
SMALL = f"; :refinement {C.format(':absoluteSize', 'lteq', '100')}"
ADULT = f"; :refinement {C.format('ex:age', 'gteq', '18')}"
COLLECTIONS = [
    (rule("permission", TARGETS.format("")), "ex:x :partOf ex:docs .", YES),
    (rule("permission", TARGETS.format("")), "ex:y :partOf ex:docs .", NO),
    (rule("permission", TARGETS.format("")), "ex:x :partOf ex:a . ex:a :partOf ex:docs .", YES),
    (rule("permission", ":action :read ; :target ex:docs"), "ex:x :partOf ex:docs .", YES),
    (rule("permission", TARGETS.format(SMALL)), "ex:x :partOf ex:docs ; :absoluteSize 99 .", YES),
    (rule("permission", TARGETS.format(SMALL)), "ex:x :partOf ex:docs ; :absoluteSize 101 .", NO),
    (rule("permission", TARGETS.format(SMALL)), "ex:x :partOf ex:docs .", NO),
    (rule("permission", PARTIES.format("")), "ex:ann :partOf ex:staff .", YES),
    (rule("permission", PARTIES.format("")), "", NO),
    (rule("permission", PARTIES.format(ADULT)), "ex:ann :partOf ex:staff ; ex:age 18 .", YES),
    (rule("permission", PARTIES.format(ADULT)), "ex:ann :partOf ex:staff ; ex:age 17 .", NO),
    (rule("prohibition", TARGETS.format("")), "ex:x :partOf ex:docs .", FORBIDDEN),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "state", "expected"), COLLECTIONS)
def test_parts_of_collections_are_meant_and_refinements_choose(policy, state, expected):
    assert verdict(policy, ask(), state) == expected


PRINT = (
    "ex:p a :Set ; :permission [ :target ex:x ; :action [ rdf:value :print ;"
    f" :refinement {C.format(':resolution', 'lteq', '1200')} ] ] ."
)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (f"[ rdf:value :print ; :refinement {C.format(':resolution', 'eq', '600')} ]", YES),
        (f"[ rdf:value :print ; :refinement {C.format(':resolution', 'eq', '2400')} ]", NO),
        (":print", NO),
    ],
)  # fmt: skip
def test_an_action_is_refined_by_what_the_request_says(action, expected):
    assert verdict(PRINT, ask(action)) == expected


TRUE, FALSE = C.format("ex:n", "eq", "1"), C.format("ex:n", "eq", "2")
LOGIC = [
    ("and", (TRUE, TRUE), True),
    ("and", (TRUE, FALSE), False),
    ("or", (FALSE, TRUE), True),
    ("or", (FALSE, FALSE), False),
    ("xone", (TRUE, FALSE), True),
    ("xone", (TRUE, TRUE), False),
    ("xone", (FALSE, FALSE), False),
    ("xone", (TRUE, TRUE, TRUE), False),
    ("andSequence", (TRUE, TRUE), True),
    ("andSequence", (FALSE, TRUE), False),
]


@pytest.mark.parametrize(("operator", "parts", "satisfied"), LOGIC)
def test_constraints_are_joined_so(operator, parts, satisfied):
    joined = f"[ :{operator} ({' '.join(parts)}) ]"
    state = "[] a sotw:SotW ; ex:n 1 ."
    found = verdict(permission(f"; :constraint {joined}"), ask(), state)
    assert found == (YES if satisfied else NO)
    outer = permission(f"; :constraint [ :and ({joined} [ :or ({TRUE}) ]) ]")
    assert verdict(outer, ask(), state) == (YES if satisfied else NO)


def test_a_sequence_ends_with_the_first_that_fails():
    joined = f"[ :andSequence ({FALSE} {TRUE}) ]"
    decision = decide(
        permission(f"; :constraint {joined}"), ask(), "[] a sotw:SotW ; ex:n 1 ."
    )
    (logic,) = [c for c in decision.rules[0].checks if c.what == "logic"]
    assert [part.holds for part in logic.parts] == [False]


LEFT_OPERANDS = [
    (":purpose", "eq", "ex:research", "ex:research"),
    (":industry", "isAnyOf", "ex:health, ex:finance", "ex:finance"),
    (":language", "eq", '"zh"', '"zh"'),
    (":percentage", "lteq", "25.0", "12.5"),
    (":fileFormat", "eq", '"text/csv"', '"text/csv"'),
    (":deliveryChannel", "eq", "ex:api", "ex:api"),
    (":spatial", "isPartOf", "ex:china", "ex:china"),
    (":virtualLocation", "eq", "ex:site", "ex:site"),
    (":event", "gteq", '"2026-01-01"^^xsd:date', '"2026-01-01"^^xsd:date'),
    (":version", "eq", '"1.0"', '"1.0"'),
]


@pytest.mark.parametrize(("left", "operator", "right", "value"), LEFT_OPERANDS)
def test_the_request_tells_its_circumstances(left, operator, right, value):
    policy = permission(f"; :constraint {C.format(left, operator, right)}")
    assert (
        verdict(policy, ask(more=f":constraint {C.format(left, 'eq', value)}")) == YES
    )
    assert (
        verdict(policy, ask(more=f"sotw:context {C.format(left, 'eq', value)}")) == YES
    )
    assert verdict(policy, ask()) == NO


def test_the_recipient_is_who_asks_unless_another_is_named():
    policy = rule(
        "permission",
        f":action :read ; :constraint {C.format(':recipient', 'eq', 'ex:ann')}",
    )
    assert verdict(policy, ask()) == YES
    assert verdict(policy, ask(who="ex:bob")) == NO


def test_the_state_goes_before_what_the_request_says_of_itself():
    policy = permission(f"; :constraint {C.format(':spatial', 'eq', 'ex:home')}")
    asked = ask(more=f":constraint {C.format(':spatial', 'eq', 'ex:home')}")
    assert verdict(policy, asked, "[] a sotw:SotW ; :spatial ex:abroad .") == NO
    late = permission(
        f"; :constraint {C.format(':dateTime', 'lt', chr(34) + '2026-01-01' + chr(34) + '^^xsd:date')}"
    )
    lie = C.format(":dateTime", "eq", '"2025-01-01T00:00:00Z"^^xsd:dateTime')
    assert verdict(late, ask(more=f":constraint {lie}")) == NO


DONE = '[] a state:Performance ; :action :read ; :target ex:x ; :assignee ex:ann ; dct:issued "{}"^^xsd:dateTime .'
COUNTS = [
    (":count", "lteq", "2", [], YES),
    (":count", "lteq", "2", ["2026-06-01T00:00:00Z"], YES),
    (":count", "lteq", "2", ["2026-06-01T00:00:00Z"] * 2, NO),
    (":elapsedTime", "lteq", '"P30D"^^xsd:duration', [], YES),
    (":elapsedTime", "lteq", '"P30D"^^xsd:duration', ["2026-06-01T00:00:00Z"], YES),
    (":elapsedTime", "lteq", '"P30D"^^xsd:duration', ["2026-05-01T00:00:00Z"], NO),
    (":timeInterval", "gteq", '"P7D"^^xsd:duration', ["2026-06-01T00:00:00Z"], YES),
    (":timeInterval", "gteq", '"P7D"^^xsd:duration', ["2026-06-14T00:00:00Z"], NO),
]


@pytest.mark.parametrize(("left", "operator", "right", "times", "expected"), COUNTS)
def test_counts_and_times_come_from_what_was_done(
    left, operator, right, times, expected
):
    policy = permission(f"; :constraint {C.format(left, operator, right)}")
    assert verdict(policy, ask(), "\n".join(map(DONE.format, times))) == expected


def test_what_others_did_or_what_was_done_elsewhere_does_not_count():
    policy = permission(f"; :constraint {C.format(':count', 'lteq', '1')}")
    others = DONE.format("2026-06-01T00:00:00Z")
    assert verdict(policy, ask(), others.replace("ex:ann", "ex:bob")) == YES
    assert verdict(policy, ask(), others.replace("ex:x", "ex:y")) == YES
    assert verdict(policy, ask(), others.replace(":read", ":print")) == YES


def test_a_delay_is_counted_from_the_policy_s_issue():
    body = f"; :constraint {C.format(':delayPeriod', 'gteq', chr(34) + 'P10D' + chr(34) + '^^xsd:duration')}"
    for day, expected in (("2026-06-01", YES), ("2026-06-10", NO)):
        issued = f'; dct:issued "{day}T00:00:00Z"^^xsd:dateTime'
        assert verdict(permission(body, issued)) == expected


# ── policies ──

BOTH = "ex:p a :Set {} ; :permission [ :action :use ; :target ex:x ] ; :prohibition [ :action :read ; :target ex:x ] ."


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("; :conflict :perm", YES),
        ("; :conflict :prohibit", FORBIDDEN),
        ("; :conflict :invalid", "invalid"),
        ("", "invalid"),
        ("; :conflict :perm, :prohibit", "invalid"),
    ],
)
def test_the_strategy_decides_conflicts(strategy, expected):
    decision = decide(BOTH.format(strategy))
    assert decision.verdict == expected
    assert decision.conflict is not None
    assert decide(BOTH.format(strategy), ask(":print")).verdict == YES


def test_rules_are_inherited_from_all_ancestors():
    family = (
        "ex:c a :Set ; :inheritFrom ex:b ; :permission [ :action :print ] ."
        " ex:b a :Set ; :inheritFrom ex:a ; :permission [ :action :index ] ."
        " ex:a a :Set ; :conflict :prohibit ; :prohibition [ :action :print ] ."
    )
    assert verdict(family, ask(":index")) == YES
    assert verdict(family, ask(":print")) == FORBIDDEN


def test_strategies_that_differ_within_a_family_make_it_invalid():
    family = (
        "ex:c a :Set ; :inheritFrom ex:a ; :conflict :perm ; :permission [ :action :read ] ."
        " ex:a a :Set ; :conflict :prohibit ; :prohibition [ :action :read ] ."
    )
    assert verdict(family) == "invalid"


COMPACT = [
    ("ex:p a :Set ; :target ex:x ; :permission [ :action :read ] .", ask(), YES),
    ("ex:p a :Set ; :target ex:y ; :permission [ :action :read ] .", ask(), NO),
    ("ex:p a :Set ; :action :read ; :permission [ :target ex:x ] .", ask(), YES),
    ("ex:p a :Set ; :action :read ; :permission [ :target ex:x ] .", ask(":print"), NO),
    ("ex:p a :Set ; :assignee ex:bob ; :permission [ :action :read ] .", ask(), NO),
    ("ex:p a :Set ; :assignee ex:bob ; :permission [ :action :read ; :assignee ex:ann ] .", ask(), YES),
    (f"ex:p a :Set ; :constraint {FALSE} ; :permission [ :action :read ] .", ask(), NO),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "request_", "expected"), COMPACT)
def test_a_compact_policy_says_for_all_its_rules(policy, request_, expected):
    assert verdict(policy, request_) == expected


@pytest.mark.parametrize(
    ("kind", "binding"),
    [("Set", True), ("Policy", True), ("Agreement", True), ("Offer", False)],
)
def test_an_offer_grants_nothing_yet(kind, binding):
    policy = f"ex:p a :{kind} ; :assigner ex:vera ; :assignee ex:ann ; :permission [ :action :read ] ."
    decision = decide(policy)
    assert decision.allowed
    assert decision.binding is binding


def test_the_form_of_the_solidlab_evaluator_is_understood():
    policy = permission(f"; :constraint {C.format(':purpose', 'isA', 'ex:research')}")
    asked = """
    ex:q a sotw:EvaluationRequest ; sotw:requestedAction :read ;
      sotw:requestingParty ex:ann ; sotw:requestedTarget ex:x ;
      sotw:requestParameter [ sotw:describesFeature sotw:Purpose ; sotw:value ex:study ] .
    """
    assert verdict(policy, asked, "ex:study a ex:research .") == YES
    assert verdict(policy, asked, "ex:study a ex:marketing .") == NO
