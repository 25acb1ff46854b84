"""Questions over groups: the same figures as over rows, or a reason why not."""

import duckdb
import pytest

from listings.cleanroom.expressions import NotAllowed
from tests.listings.cleanroom.room import ROWS, Asker, grouped


@pytest.fixture(scope="module")
def asker(tmp_path_factory):
    return Asker(grouped(tmp_path_factory.mktemp("groups"), ROWS))


@pytest.fixture(scope="module")
def rows():
    """The rows themselves; no group of them is too small."""
    db = duckdb.connect(":memory:")
    db.execute(f"CREATE TABLE sales AS SELECT * FROM ({ROWS})")
    return db


SAME = [
    "SELECT count(*) FROM sales",
    "SELECT count(*), count(region), count(amount), count(qty) FROM sales",
    "SELECT region, count(*) AS n FROM sales GROUP BY region ORDER BY region",
    "SELECT region, kind, sum(amount), avg(qty) FROM sales GROUP BY ALL ORDER BY 1, 2",
    (
        "SELECT kind, avg(amount) a FROM sales WHERE region IN ('a', 'b') GROUP BY 1"
        " HAVING count(*) > 20 ORDER BY a DESC, kind LIMIT 2"
    ),
    (
        "SELECT upper(region) AS r, count(*) FILTER (WHERE kind = 1) FROM sales"
        " GROUP BY r ORDER BY r NULLS FIRST OFFSET 1"
    ),
    (
        "SELECT CASE WHEN kind < 2 THEN 'low' ELSE 'high' END AS k, sum(qty) / count(*)"
        " FROM sales GROUP BY k ORDER BY k"
    ),
    "SELECT min(region), max(kind), count(DISTINCT kind) FROM sales",
    "SELECT sum(kind), avg(kind) FROM sales WHERE NOT region LIKE 'd%'",
    (
        "SELECT s.region, count(*) FROM sales s WHERE s.kind BETWEEN 0 AND 1"
        " GROUP BY s.region HAVING sum(s.amount) > 100 ORDER BY count(*) DESC, 1"
    ),
    (
        "SELECT a.kind, count(*), sum(a.amount), avg(b.qty) FROM sales a JOIN sales b"
        " ON a.kind = b.kind AND a.region = 'a' GROUP BY a.kind ORDER BY a.kind"
    ),
    (
        "SELECT region, count(*) n FROM sales JOIN sales b USING (region)"
        " GROUP BY region HAVING n > 1 ORDER BY region"
    ),
    'SELECT "region" AS "a""b", count(*) FROM SALES GROUP BY "REGION" ORDER BY "a""b"',
    "SELECT count(*) FROM sales WHERE region = 'nowhere'",
    "SELECT sum(amount) FROM sales WHERE region = 'nowhere'",
    "SELECT 'all', count(*) FROM sales -- comments are welcome",
]


@pytest.mark.parametrize("sql", SAME)
def test_figures_are_those_of_the_rows(asker, rows, sql):
    assert plain(asker(sql)) == plain(rows.execute(sql).fetchall())


def plain(found):
    """Return rows with their numbers as floats, to the ninth place."""
    return [
        tuple(v if isinstance(v, str | None) else round(float(v), 9) for v in row)
        for row in found
    ]


@pytest.mark.parametrize(
    ("sql", "why", "what"),
    [
        ("SELECT region FROM sales", "row_level", "region"),
        ("SELECT max(amount) FROM sales", "extreme", "max"),
        ("SELECT median(amount) FROM sales", "singling", "median"),
        ("SELECT sum(amount * 2) FROM sales", "measure", "amount"),
        ("SELECT count(*) FROM sales WHERE amount > 1", "measure", "amount"),
        ("SELECT person, count(*) FROM sales GROUP BY 1", "no_column", "person"),
        ("SELECT count(*) FROM salary", "no_table", "salary"),
        ("SELECT region, count(*) FROM sales GROUP BY kind", "ungrouped", "region"),
        ("SELECT count(*) FROM sales; SELECT 1", "one_statement", ""),
        ("COPY sales TO 'x'", "not_select", ""),
        ("WITH x AS (SELECT 1) SELECT count(*) FROM sales", "no_with", ""),
        ("SELECT pi(), count(*) FROM sales", "no_function", "pi"),
        ("SELECT CAST(region AS json), count(*) FROM sales", "unknown_type", "JSON"),
        ("SELECT kind, count(*) FROM sales a JOIN sales b USING (region) GROUP BY 1",
         "ambiguous", "kind"),
        ("SELECT count(*) FROM sales a LEFT JOIN sales b USING (region)",
         "inner_join", ""),
        ("SELECT count(*) FROM (SELECT 1)", "only_tables", "subquery"),
        ("SELECT count(*) FROM sales WHERE sum(amount) > 1", "aggregate_here", "sum"),
    ],
)  # fmt: skip
def test_a_refusal_says_why(asker, sql, why, what):
    with pytest.raises(NotAllowed) as refused:
        asker.read(sql)
    assert (refused.value.why, refused.value.what) == (why, what)


def test_bad_syntax_says_where(asker):
    with pytest.raises(NotAllowed) as refused:
        asker.read("SELECT count(*) FORM sales")
    assert refused.value.why == "syntax"
    assert "sales" in refused.value.what


def test_a_name_in_a_refusal_is_fit_to_be_shown(asker):
    with pytest.raises(NotAllowed) as refused:
        asker.read('SELECT "\u202e\u200b<b>", count(*) FROM sales GROUP BY 1')
    assert refused.value.what == "??<b>"


def test_texts_with_quotes_stay_texts(asker):
    asked = asker.read("SELECT count(*) FROM sales WHERE region = 'x'' OR 1=1 --'")
    assert "'x'' OR 1=1 --'" in asked.sql
    assert asker("SELECT count(*) FROM sales WHERE region = 'x'' OR 1=1 --'") == [(0,)]


def test_columns_are_called_as_the_question_calls_them(asker):
    asked = asker.read(
        "SELECT region, count(*), sum(amount), avg(qty) AS 均值, 1 + 1, round(sum(qty))"
        " FROM sales GROUP BY region"
    )
    assert asked.columns == (
        "region",
        "count",
        "sum(amount)",
        "均值",
        "+(…)",
        "round(…)",
    )
    assert asked.tables == ("sales",)
