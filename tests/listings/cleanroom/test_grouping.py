"""Groups: none of too few, none that gives one away, none left out alone."""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings.cleanroom.grouping import Unsuitable
from listings.cleanroom.settings import Group, Shown, dump, load, wrong
from listings.cleanroom.settings import Settings as Room
from tests.listings.cleanroom.room import ROWS, SHOWN, grouped

QUICK = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
rows = st.lists(
    st.tuples(
        st.integers(0, 30),  # whom it is about
        st.sampled_from("aab"),
        st.integers(0, 2),
        st.none() | st.integers(-3, 1000),
    ),
    min_size=1,
    max_size=150,
)
SUBJECTS = Shown("sales", (Group("region"), Group("kind")), ("amount",), "person")


def table(found) -> str:
    cells = ", ".join(
        f"({p}, '{r}', {k}, {'NULL' if a is None else a})" for p, r, k, a in found
    )
    return (
        "SELECT col0::BIGINT AS person, col1 AS region, col2::INTEGER AS kind,"
        f" col3::BIGINT AS amount FROM (VALUES {cells})"
    )


@QUICK
@given(rows)
def test_every_group_has_enough_subjects_and_hides_each_of_them(tmp_path, found):
    least = 5
    try:
        made = grouped(tmp_path, table(found), SUBJECTS, least).rows()
    except Unsuitable as unsuitable:
        assert str(unsuitable) == "all_small"  # noqa: PT017 (or it groups: see below)
        made = []
    people, blank, told = {}, [], 0
    for person, region, kind, amount in found:
        of = people.setdefault((region, kind), {})
        of.setdefault(person, []).append(amount)
    for region, kind, n, total, count in made:
        of = people.pop((region, kind))
        assert len(of) >= least
        assert n == sum(map(len, of.values()))
        given_by = {p: [a for a in said if a is not None] for p, said in of.items()}
        known = {p: said for p, said in given_by.items() if said}
        if total is None:
            blank.append(of)
            continue
        told += 1
        assert len(known) >= least
        assert (total, count) == (
            sum(map(sum, known.values())), sum(map(len, known.values())),
        )  # fmt: skip
        parts = sorted(sum(map(abs, said)) for said in known.values())
        assert parts[-1] == 0 or 10 * sum(parts[:-2]) >= parts[-1]
    sums = {}
    for of in [*people.values(), *blank]:
        for person, said in of.items():
            if known := [abs(a) for a in said if a is not None]:
                sums.setdefault(person, []).append(sum(known))
    hidden = sorted(map(sum, sums.values()))
    if hidden and told:
        assert len(hidden) >= least
        assert hidden[-1] == 0 or 10 * sum(hidden[:-2]) >= hidden[-1]
    left_out = {person for of in people.values() for person in of}
    assert not left_out or len(left_out) >= least or not made


def test_a_group_of_one_that_stands_out_is_not_told(tmp_path):
    rich = (
        "SELECT 'a' AS region, 0 AS kind, CASE i WHEN 0 THEN 10000 ELSE 1 END"
        " AS amount, 1 AS qty FROM range(50) t(i)"
    )
    (row,) = grouped(tmp_path, rich).rows()
    assert row == ("a", 0, 50, None, None, 50, 50)


def test_a_measure_is_never_blanked_in_one_group_alone(tmp_path):
    # One person earns nearly all of group 'a'; 'b' is smaller than 'c'.
    incomes = (
        "SELECT CASE WHEN i < 50 THEN 'a' WHEN i < 90 THEN 'b' ELSE 'c' END AS region,"
        " 0 AS kind, CASE i WHEN 0 THEN 600 ELSE 1 END AS amount, 1 AS qty"
        " FROM range(150) t(i)"
    )
    a, b, c = grouped(tmp_path, incomes).rows()
    assert (a[3], b[3], c[3]) == (None, None, 60)
    assert [row[5] for row in (a, b, c)] == [50, 40, 60]


def test_so_many_cells_are_blanked_that_none_of_them_stands_out(tmp_path):
    rich = (
        "SELECT chr(97 + (i // 20)::INTEGER) AS region, 0 AS kind, 1 AS qty,"
        " CASE i WHEN 0 THEN 500 ELSE 1 END AS amount FROM range(200) t(i)"
    )
    cells = [row[3] for row in grouped(tmp_path, rich).rows()]
    assert cells.count(None) == 3  # of those, 59 others earn a tenth of what one does
    assert set(cells) == {None, 20}


def test_what_is_left_out_alone_takes_another_group_with_it(tmp_path):
    few = f"SELECT * FROM ({ROWS}) WHERE region <> 'rare' OR person < 1003"
    made = grouped(tmp_path, few)
    assert made.facts["rows"] < 400
    assert all(row[0] != "rare" for row in made.rows())


def test_what_is_left_out_is_told_in_rounded_percent(tmp_path):
    facts = grouped(tmp_path, ROWS.replace("range(12)", "range(9)")).facts
    assert facts["groups"] == 11  # 'rare' and one more
    assert facts["left_out"] == 10
    assert facts["columns"] == [
        {"name": "region", "type": "string", "by": ""},
        {"name": "kind", "type": "long", "by": ""},
    ]


def test_columns_become_coarser_before_they_are_grouped(tmp_path):
    coarse = Shown(
        "sales",
        (Group("day", "month"), Group("code", "2"), Group("age", "10")),
        ("amount",),
    )
    source = (
        "SELECT DATE '2026-01-01' + i::INTEGER AS day, '31' || i AS code,"
        " 20 + i % 10 AS age, i AS amount FROM range(59) t(i)"
    )
    made = grouped(tmp_path, source, coarse)
    assert [(str(d), c, a, n) for d, c, a, n, *_ in made.rows()] == [
        ("2026-01-01", "31", 20, 31),
        ("2026-02-01", "31", 20, 28),
    ]


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (SHOWN._replace(groups=(Group("nothing"),)), "no_column"),
        (SHOWN._replace(measures=("region",)), "no_number"),
        (SHOWN._replace(groups=(Group("region", "month"),)), "wrong_coarseness"),
        (SHOWN._replace(groups=(Group("price"),)), "wrong_coarseness"),
        (SHOWN._replace(groups=(Group("person"),)), "all_small"),
        (SHOWN._replace(subject="nobody"), "no_column"),
    ],
)
def test_what_does_not_suit_is_refused(tmp_path, shown, why):
    source = f"SELECT *, amount / 7.0::DOUBLE AS price FROM ({ROWS})"
    with pytest.raises(Unsuitable, match=why):
        grouped(tmp_path, source, shown)


def test_numbers_that_are_none_count_as_empty(tmp_path):
    odd = (
        "SELECT 'a' AS region, 0 AS kind, 1 AS qty,"
        " CASE WHEN i < 20 THEN 'NaN'::DOUBLE ELSE 2.5 END AS amount"
        " FROM range(50) t(i)"
    )
    (row,) = grouped(tmp_path, odd).rows()
    assert row[3:5] == (75.0, 30)


def test_settings_are_checked_and_kept():
    room = Room((SHOWN,), 10)
    assert wrong(room) == {}
    assert load(dump(room)) == room
    assert room.of("SALES") == SHOWN
    for bad in (
        room._replace(least=4),
        room._replace(tables=()),
        room._replace(tables=(SHOWN, SHOWN)),
        Room((SHOWN._replace(groups=()),)),
        Room((SHOWN._replace(measures=("kind",)),)),
        Room((SHOWN._replace(groups=(Group("kind", "x'"),)),)),
        Room((SHOWN._replace(groups=(Group("kind", "0"),)),)),
    ):
        assert wrong(bad), bad


def test_names_with_quotes_are_only_names(tmp_path):
    name = 'a"b; DROP'
    quoted = name.replace('"', '""')
    shown = Shown("sales", (Group(name),))
    source = f"SELECT 'x' AS \"{quoted}\" FROM range(20)"
    assert grouped(tmp_path, source, shown).rows() == [("x", 20)]
    assert duckdb.execute("SELECT 1").fetchone() == (1,)
