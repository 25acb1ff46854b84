"""JSON lines: the quick way and the careful way say the same."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.quality.engine import Engine
from listings.quality.problems import Quarantine
from listings.quality.records import (
    NULL,
    _decoded,
    _flat,
    json_lines,
    plain_lines,
    write,
)

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


KEYS = st.sampled_from(["a", "b", "港", "c d", "it's"])
PLAIN = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.text(max_size=6)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["\\N", "", '"', "1", "2026-01-01", "a,b\n", "😀", "\0"]),
)


@settings(max_examples=40)
@given(
    st.lists(st.dictionaries(KEYS, PLAIN, max_size=4), min_size=1, max_size=6),
    st.booleans(),
)
def test_what_the_engine_reads_itself_is_what_we_would_write(rows, escaped):
    text = "\n".join(json.dumps(row, ensure_ascii=escaped) for row in rows)
    with TemporaryDirectory() as folder:
        path, scratch = Path(folder, "a.jsonl"), Path(folder, "scratch")
        scratch.mkdir()
        path.write_text(text, "utf-8")
        with path.open(encoding="utf-8") as file:
            plain = plain_lines(file, "a.jsonl")
        if plain is None:
            return
        with path.open(encoding="utf-8") as file:
            written = write(json_lines(file, "a.jsonl"), scratch, "a.jsonl")
        assert (plain.columns, plain.words) == (written.columns, written.words)
        assert not written.nested
        with Engine(path, scratch=scratch) as engine:
            assert engine.read_json_lines(path, plain.columns, 100) == len(rows)
            itself = engine.ask("SELECT * FROM data")
            engine.read_csv(written.path, len(written.columns), ",", NULL, 100)
            ours = engine.ask("SELECT * FROM data")
        texts = [i for i, name in enumerate(plain.columns) if name in plain.words]
        for mine, other in zip(itself, ours, strict=True):
            for place, (one, two) in enumerate(zip(mine, other, strict=True)):
                if place in texts and two is None:
                    assert one in (None, NULL)  # written, this text meant nothing
                elif one != two:
                    assert float(one) == float(two)


@pytest.mark.parametrize(
    "line",
    [
        '{"a":{"b":1}}',
        '{"a":[1]}',
        '{"a":"\\u0000"}',
        '{"a":"\\ud83d\\ude00"}',
        '{"a":1,"A":2}',
        '{"a":1}\n{"a":"x"}',
        '{"":1}',
    ],
)
def test_lines_that_the_engine_would_read_otherwise_are_left_to_us(line):
    assert plain_lines(line.splitlines(keepends=True), "a.jsonl") is None
