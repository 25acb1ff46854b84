"""Every operator on every type of value: one line, one case."""

import pytest

from tests.listings.odrl.cases import ask, constrained, verdict

NUMBERS = [
    ('"5"^^xsd:integer', "eq", "5", True),
    ('"5.0"^^xsd:decimal', "eq", "5", True),
    ('"5e0"^^xsd:double', "eq", "5", True),
    ("5", "eq", "6", False),
    ("5", "neq", "6", True),
    ("5", "neq", "5.00", False),
    ("5", "lt", "6", True),
    ("5", "lt", "5", False),
    ("5", "lteq", "5", True),
    ("6", "lteq", "5", False),
    ("6", "gt", "5", True),
    ("5", "gt", "5", False),
    ("5", "gteq", "5", True),
    ("4", "gteq", "5", False),
    ("-1", "lt", "0", True),
    ('"NaN"^^xsd:double', "lteq", "5", False),
    ('"INF"^^xsd:double', "gt", "1000000", True),
    ("0.1", "lt", "0.10000000000000000000001", True),
    ('"a text"', "lt", "5", False),
    ('"5"', "eq", "5", False),
]
MOMENTS = [
    ('"2026-01-01T00:00:00Z"', "lt", '"2026-01-01T00:00:01Z"', True),
    ('"2026-01-01T08:00:00+08:00"', "eq", '"2026-01-01T00:00:00Z"', True),
    ('"2026-01-01T08:00:00+08:00"', "lt", '"2026-01-01T01:00:00Z"', True),
    ('"2026-01-01T00:00:00"', "eq", '"2026-01-01T00:00:00Z"', True),
    ('"2025-12-31T24:00:00Z"', "eq", '"2026-01-01T00:00:00Z"', True),
    ('"2026-01-01T00:00:00.000001Z"', "gt", '"2026-01-01T00:00:00Z"', True),
    ('"2024-02-29T00:00:00Z"', "gteq", '"2024-02-28T23:59:59Z"', True),
    ('"-0044-03-15T00:00:00Z"', "lt", '"0001-01-01T00:00:00Z"', True),
]
DAYS = [
    ("2026-06-15T12:00:00Z", "lteq", '"2026-06-15"^^xsd:date', True),
    ("2026-06-15T23:59:59Z", "lteq", '"2026-06-15"^^xsd:date', True),
    ("2026-06-16T00:00:00Z", "lteq", '"2026-06-15"^^xsd:date', False),
    ("2026-06-15T00:00:00Z", "lt", '"2026-06-15"^^xsd:date', False),
    ("2026-06-14T23:59:59Z", "lt", '"2026-06-15"^^xsd:date', True),
    ("2026-06-15T12:00:00Z", "gt", '"2026-06-15"^^xsd:date', False),
    ("2026-06-15T12:00:00Z", "gteq", '"2026-06-15"^^xsd:date', True),
    ("2026-06-15T12:00:00Z", "eq", '"2026-06-15"^^xsd:date', True),
    ("2026-06-15T20:00:00Z", "eq", '"2026-06-16+08:00"^^xsd:date', True),
    ("2026-06-15T12:00:00Z", "eq", '"2026-06"^^xsd:gYearMonth', True),
    ("2026-06-15T12:00:00Z", "lt", '"2027"^^xsd:gYear', True),
    ("2026-12-31T23:59:59Z", "gt", '"2026"^^xsd:gYear', False),
]
DURATIONS = [
    ('"P1D"', "eq", '"PT24H"', True),
    ('"P1Y"', "eq", '"P12M"', True),
    ('"P1M"', "lt", '"P32D"', True),
    ('"P1M"', "eq", '"P30D"', False),
    ('"P1M"', "lteq", '"P30D"', False),
    ('"PT0.5S"', "lt", '"PT1S"', True),
    ('"-P1D"', "lt", '"PT0S"', True),
    ('"P1Y2M3DT4H5M6S"', "gt", '"P1Y2M3DT4H5M5.9S"', True),
]
TIMES = [
    ('"08:00:00"', "lt", '"09:00:00"', True),
    ('"08:00:00+08:00"', "eq", '"00:00:00Z"', True),
]
THINGS = [
    ("ex:research", "eq", "ex:research", True),
    ("ex:research", "eq", "ex:marketing", False),
    ("ex:research", "neq", "ex:marketing", True),
    ("ex:research", "isAnyOf", "ex:teaching, ex:research", True),
    ("ex:research", "isAnyOf", "(ex:teaching ex:research)", True),
    ("ex:research", "isAnyOf", "ex:teaching, ex:marketing", False),
    ("ex:research", "isNoneOf", "ex:teaching, ex:marketing", True),
    ("ex:research", "isNoneOf", "ex:research, ex:marketing", False),
    ("ex:research, ex:teaching", "isAllOf", "ex:research, ex:teaching", True),
    ("ex:research", "isAllOf", "ex:research, ex:teaching", False),
    ("ex:research, ex:marketing", "isAnyOf", "ex:research", False),
    ("ex:research, ex:marketing", "isNoneOf", "ex:marketing", False),
    ("ex:cancer", "isA", "ex:research", True),
    ("ex:study", "isA", "ex:research", True),
    ("ex:marketing", "isA", "ex:research", False),
    ("ex:nanjing", "isPartOf", "ex:china", True),
    ("ex:china", "isPartOf", "ex:nanjing", False),
    ("ex:china", "isPartOf", "ex:china", True),
    ("ex:china", "hasPart", "ex:nanjing", True),
    ("ex:nanjing", "hasPart", "ex:china", False),
    ("ex:paris", "isPartOf", "ex:france", True),
    ('"http://example.org/research"', "eq", "ex:research", True),
    ('"http://example.org/research"^^xsd:anyURI', "eq", "ex:research", True),
    ('"en"', "eq", '"en"', True),
    ('"en"', "isAnyOf", '"zh", "en"', True),
    ("true", "eq", '"1"^^xsd:boolean', True),
    ("true", "neq", "false", True),
]
KNOWN = """
ex:cancer rdfs:subClassOf ex:research . ex:study a ex:cancer .
ex:nanjing :partOf ex:jiangsu . ex:jiangsu dct:isPartOf ex:china .
ex:france dct:hasPart ex:paris . ex:loop :partOf ex:loop2 . ex:loop2 :partOf ex:loop .
"""


def typed(rows, kind):
    return [(f"{a}^^xsd:{kind}", op, f"{b}^^xsd:{kind}", yes) for a, op, b, yes in rows]


@pytest.mark.parametrize(
    ("left", "operator", "right", "satisfied"),
    [
        *NUMBERS,
        *typed(MOMENTS, "dateTime"),
        *typed(DURATIONS, "duration"),
        *typed(TIMES, "time"),
        *THINGS,
    ],
)
def test_a_comparison_comes_out_so(left, operator, right, satisfied):
    state = KNOWN + f"[] a sotw:SotW ; ex:said {left} ."
    found = verdict(constrained("ex:said", operator, right), None, state)
    assert found == ("permitted" if satisfied else "not_permitted")


@pytest.mark.parametrize(("now", "operator", "right", "satisfied"), DAYS)
def test_a_day_is_the_whole_of_it(now, operator, right, satisfied):
    state = f'[] a sotw:SotW ; :dateTime "{now}"^^xsd:dateTime .'
    found = verdict(constrained(":dateTime", operator, right), None, state)
    assert found == ("permitted" if satisfied else "not_permitted")


OPERATORS = (
    *("eq", "neq", "gt", "gteq", "lt", "lteq", "isA", "hasPart", "isPartOf"),
    *("isAllOf", "isAnyOf", "isNoneOf"),
)


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_nobody_knows_satisfies_nothing(operator):
    assert verdict(constrained(":purpose", operator, "ex:a")) == "not_permitted"


@pytest.mark.parametrize("operator", ["eq", "isAnyOf", "isA"])
def test_a_second_purpose_does_not_slip_past_a_prohibition(operator):
    policy = (
        "ex:p a :Set ; :conflict :prohibit ; :permission [ :action :use ;"
        " :target ex:x ] ; :prohibition [ :action :use ; :target ex:x ; :constraint"
        f" [ :leftOperand :purpose ; :operator :{operator} ; :rightOperand ex:ads ] ] ."
    )
    for purposes in ("ex:ads", "ex:ads, ex:research"):
        asked = ask(
            more=":constraint [ :leftOperand :purpose ; :operator :isAnyOf ;"
            f" :rightOperand {purposes} ]"
        )
        assert verdict(policy, asked) == "prohibited"


def test_amounts_in_two_units_are_not_compared():
    policy = (
        "ex:p a :Set ; :permission [ :action :read ; :duty [ :action [ rdf:value"
        " :compensate ; :refinement [ :leftOperand :payAmount ; :operator :gteq ;"
        " :rightOperand 5 ; :unit ex:EUR ] ] ] ] ."
    )
    paid = (
        "[] a state:Performance ; :action [ rdf:value :compensate ; :refinement"
        " [ :leftOperand :payAmount ; :operator :eq ; :rightOperand 9 ; :unit %s ] ] ."
    )
    assert verdict(policy, None, paid % "ex:EUR") == "permitted"
    assert verdict(policy, None, paid % "ex:JPY") == "not_permitted"
