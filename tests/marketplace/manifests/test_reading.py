"""YAML as it is meant: text stays text, every value has its line, traps are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.manifests.documents import SCHEMA, facts_in, loaded
from marketplace.manifests.reading import read
from marketplace.manifests.writing import dumped, facts_written
from settlement.errors import Invalid
from tests.properties.test_formats import FACTS, VALUES


def only(text):
    (found,), problems = read(text, SCHEMA)
    assert problems == []
    return found


def test_text_stays_the_text_that_is_written():
    found = only(
        "facts: {kind: dataset, region: 31, title_en: no, coverage_from: 2020-01-01,"
        " keywords: [1.0, on, 0x1F], row_count: 12, publisher: , sector: ~}"
    )
    facts = found.values["facts"]
    assert facts["region"] == "31"
    assert facts["title_en"] == "no"
    assert facts["coverage_from"] == "2020-01-01"
    assert facts["keywords"] == ["1.0", "on", "0x1F"]
    assert facts["row_count"] == 12
    assert facts["publisher"] == ""
    assert facts["sector"] is None


def test_every_value_has_its_line_and_what_is_missing_that_of_its_place():
    text = (
        "reference: a\nfacts:\n  kind: dataset\ninstruments:\n- symbol: A\n  tick: 1\n"
    )
    found = only(text)
    assert found.line("facts.kind") == 3
    assert found.line("instruments.0.tick") == 6
    assert found.line("instruments.0.licence") == 5
    assert found.line("facts.rights.hold.holder") == 2
    _, problems = loaded(found)
    assert [(p.line, p.path) for p in problems] == [
        (5, "instruments.0.licence"),
        (5, "instruments.0.mode"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("facts:\n  a: &x [1]\n  b: *x\n", 3),
        ("facts:\n  kind: !!python/object:os.system x\n", None),
        ("facts:\n  kind: !local x\n", 2),
        ("facts:\n  kind: a\n  kind: b\n", 3),
        ("facts: {? [a] : b}\n", 1),
        ("reference: a\n---\n- 1\n", 3),
        ("a: " + "[" * 60 + "]" * 60, 1),
    ],
)
def test_traps_are_refused_by_their_line(text, line):
    _, problems = read(text, SCHEMA)
    if line is None:  # a tag of YAML's own name space is only a text
        assert problems == []
    else:
        assert [problem.line for problem in problems][:1] == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1"),
        ("a: [\nb", "3"),
        ("a\x00", "1"),
        ("a: b: c", "1"),
        ("x" * 2_000_001, "1"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text, line):
    with pytest.raises(Invalid) as refused:
        read(text, SCHEMA)
    assert list(refused.value.problems) == [line]


@given(facts=FACTS)
def test_facts_come_back_as_they_were_written(facts):
    found = only(dumped({"reference": "a", "facts": facts_written(facts)}))
    values, problems = loaded(found)
    assert problems == []
    assert facts_in(values["facts"]) == facts


LIKE_NUMBERS = st.from_regex(r"\A[-+0-9.eE_:xXonfulyt~]{1,8}\Z")


@given(value=VALUES | LIKE_NUMBERS | st.dictionaries(LIKE_NUMBERS, LIKE_NUMBERS))
def test_plain_values_come_back_whatever_they_look_like(value):
    extra = {"value": value}
    found = only(dumped({"facts": {"kind": "service", "extra": extra}}))
    assert found.values["facts"]["extra"] == extra
