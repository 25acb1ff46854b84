"""JSON lines: the quick way and the careful way say the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.quality.problems import Quarantine
from listings.quality.records import _decoded, _flat, json_lines

VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["12:30", 'say "x": y', "a :b", "https://a.example/"]),
    st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=2),
    st.lists(st.integers(), max_size=2),
)
COLONS = st.sampled_from([":", ": ", " :", "\t:", " : "])


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c:", 'd"']), VALUES), max_size=5),
    COLONS,
    st.sampled_from(["", "}", "}}", ",}"]),
)
def test_what_is_read_quickly_is_what_is_read_carefully(pairs, colon, end):
    line = ", ".join(f"{json.dumps(key)}{colon}{json.dumps(v)}" for key, v in pairs)
    quick = _flat("{" + line + end)
    if quick is not None:
        assert quick == _decoded("{" + line + end, "x.jsonl", 1)[0]
        assert len(quick) == len(pairs)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1, "a": 2}', "repeated_key"),
        ('{"a" : 1, "a": 2}', "repeated_key"),
        ('{"a":1,"b":NaN}', "not_a_number"),
        ('{"a":1,"b"', "truncated"),
    ],
)
def test_what_is_wrong_in_a_line_is_said_with_its_row(line, code):
    with pytest.raises(Quarantine) as stopped:
        list(json_lines(['{"a":0}\n', line], "x.jsonl"))
    assert (stopped.value.problem.code, stopped.value.problem.row) == (code, 2)


@pytest.mark.parametrize("line", ['{"a":1} x', '{"a":1}{"b":2}', '{"a": {"b":1}} 2'])
def test_what_follows_a_record_in_its_line_is_not_lost_unsaid(line):
    with pytest.raises(Quarantine) as caught:
        list(json_lines([line], "a.jsonl"))
    assert (caught.value.problem.code, caught.value.problem.row) == ("not_json", 1)
