"""A profile against a naive twin in Python, on small tables of any content."""

import json
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from listings.quality.child import examine
from listings.quality.drift import drift
from listings.quality.profiles import BINS

NUMBERS = st.one_of(st.none(), st.integers(-(10**9), 10**9))
WORDS = st.one_of(st.none(), st.text("abc港 ,\"'é\n", min_size=1, max_size=6))
ROWS = st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=40)


def table_of(name, content):
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "content")
        path.write_bytes(content)
        report = examine(path, name, Path(scratch))
    assert [p for p in report["problems"] if p["severity"] != "advice"] == []
    (table,) = report["tables"]
    return table


def as_jsonl(rows):
    return "".join(
        json.dumps({"n": n, "word": word, "end": "x"}, ensure_ascii=False) + "\n"
        for n, word in rows
    ).encode()


@settings(max_examples=40)
@given(ROWS)
def test_a_profile_equals_its_naive_twin(rows):
    table = table_of("rows.jsonl", as_jsonl(rows))
    assert table["rows"] == len(rows)
    assert table["duplicates"] == len(rows) - len(set(rows))
    columns = {column["name"]: column for column in table["columns"]}
    for name, values in zip(("n", "word"), zip(*rows, strict=True), strict=True):
        there = [value for value in values if value is not None]
        column = columns[name]
        assert column["nulls"] == len(values) - len(there), name
        assert column["filled"] == len(there), name
        assert column["distinct"] == len(set(there)), name
        assert column["nullable"] == (None in values), name
        top = Counter(there)
        assert {n for _, n in column.get("top", [])} == set(top.values()), name
    numbers = sorted(n for n, _ in rows if n is not None)
    if numbers:
        n = columns["n"]
        assert (n["type"], n["min"], n["max"]) == ("integer", numbers[0], numbers[-1])
        assert n["mean"] == float(f"{sum(numbers) / len(numbers):.9g}")
        if numbers[0] < numbers[-1]:
            assert sum(count for *_, count in n["histogram"]) == len(numbers)
            assert len(n["histogram"]) == BINS
    words = [word for _, word in rows if word is not None]
    if words:
        assert columns["word"]["shortest"] == min(map(len, words))
        assert columns["word"]["longest"] == max(map(len, words))


@settings(max_examples=20)
@given(ROWS)
def test_the_same_table_has_the_same_profile_each_time_and_no_drift(rows):
    before, after = (table_of("rows.jsonl", as_jsonl(rows)) for _ in range(2))
    assert before == after
    (one,) = drift([before], [after])
    assert (one.added, one.removed, one.retyped) == ([], [], [])
    assert all(shift.psi == 0 and not shift.ks for shift in one.shifts)


def test_a_moved_distribution_is_told_by_its_grade():
    def made(low):
        rows = ((low + n % 100, "a" if n % 10 else "b") for n in range(1_000))
        return table_of("rows.jsonl", as_jsonl(rows))

    (one,) = drift([made(0)], [made(60)])
    shifts = {shift.column: shift for shift in one.shifts}
    assert shifts["n"].grade == "great"
    assert shifts["n"].ks > 0.5
    assert shifts["word"].psi == 0
    moved = shifts["n"].shares
    assert [label[0] for label, _, _ in moved] == ["≤"] * 9 + [">"]
    for side in (1, 2):
        assert abs(sum(share[side] for share in moved) - 10_000) <= len(moved)
    assert moved[-1][2] > 2 * moved[-1][1]  # more lies above what was the highest tenth
    assert shifts["word"].shares == [("a", 9_000, 9_000), ("b", 1_000, 1_000)]


def test_cells_that_do_not_fit_are_told_with_their_rows_past_rows_left_out():
    lines = [f"{n},{n}" for n in range(1, 101)]
    lines[9] = "10"  # too short: left out
    lines[49] = "50,fifty"
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "content")
        path.write_text("a,b\n" + "\n".join(lines) + "\n")
        report = examine(path, "rows.csv", Path(scratch))
    found = {problem["code"]: problem for problem in report["problems"]}
    assert found["ragged"]["row"] == 10
    assert (found["misfit"]["row"], found["misfit"]["value"]) == (50, "fifty")
    assert found["misfit"]["column"] == "b"
