"""Cuts in the child: rows left, columns masked; marks, and what they prove of whom."""

import json
from bisect import bisect_left
from pathlib import Path

import duckdb
import pytest

from listings.cuts import cutting
from listings.cuts.chances import chance
from listings.cuts.settings import Cut, Mark, Mask, Rows, digest, dump, load, wrong

ROWS = 8_000
MARK = Mark(("code",), (("price", "0.01"), ("units", "1")), 5)
BUYERS = list(range(100, 140))


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("original") / "data.parquet"
    duckdb.execute(
        "COPY (SELECT 'K' || i AS code, chr(CAST(97 + i % 4 AS INTEGER)) AS region,"
        " CAST(i % 9973 AS DECIMAL(12,2)) / 7 + 10 AS price, i % 911 AS units,"
        f" 'secret' || i AS name FROM range({ROWS}) t(i))"
        f" TO '{path}' (FORMAT parquet)"
    )
    return path


def request(scratch: Path, **asked) -> Path:
    path = scratch / "request"
    path.write_text(json.dumps({"mark_secret": "m", "mask_secret": "k"} | asked))
    return path


def made(tmp_path: Path, original: Path, cut: Cut, holder: int = 100) -> Path:
    scratch = tmp_path / f"{holder}"
    scratch.mkdir()
    asked = request(scratch, path=str(original), cut=dump(cut), holder=holder)
    assert cutting.cut(scratch, asked)["problem"] == ""
    return scratch / "0.parquet"


def leaked(tmp_path: Path, original: Path, suspect: Path, buyers=BUYERS):
    scratch = tmp_path / "leak"
    scratch.mkdir(exist_ok=True)
    return cutting.leak(
        scratch,
        request(
            scratch,
            original=str(original),
            suspect=str(suspect),
            cut=dump(Cut(mark=MARK)),
            buyers=buyers,
        ),
    )


def test_rows_are_chosen_and_columns_masked(tmp_path, original):
    cut = Cut(
        (Rows("region", ("a", "it's")),),
        (
            Mask("name", "hidden"),
            Mask("units", "blank"),
            Mask("code", "hashed"),
            Mask("PRICE", "first", 2),
        ),
    )
    path = made(tmp_path, original, cut)
    said = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    assert said.columns == ["code", "region", "price", "units"]
    rows = said.fetchall()
    assert len(rows) == ROWS // 4
    assert {row[1] for row in rows} == {"a"}
    assert {row[3] for row in rows} == {None}
    assert all(len(row[0]) == 16 and len(row[2]) == 2 for row in rows)
    assert len({row[0] for row in rows}) == len(rows)


def test_a_table_without_the_column_of_the_filter_is_not_opened(tmp_path, original):
    asked = request(
        tmp_path,
        path=str(original),
        cut=dump(Cut((Rows("nothing", ("a",)),))),
        holder=1,
    )
    assert cutting.cut(tmp_path, asked) == {"problem": "no_column"}


def test_a_mark_moves_few_numbers_by_one_step(tmp_path, original):
    path = made(tmp_path, original, Cut(mark=MARK))
    ((far, moved),) = duckdb.sql(
        f"SELECT max(abs(a.price - b.price)), count(*) FILTER (a.price <> b.price)"
        f" FROM read_parquet('{path}') a JOIN read_parquet('{original}') b USING (code)"
    ).fetchall()
    assert far == pytest.approx(0.01)
    assert 0.08 * ROWS < moved < 0.12 * ROWS  # half of one row in five


def test_the_buyer_of_a_copy_agrees_with_all_of_it(tmp_path, original):
    path = made(tmp_path, original, Cut(mark=MARK), holder=107)
    part = tmp_path / "part.parquet"  # a tenth of the rows
    duckdb.execute(
        f"COPY (SELECT lower(code) AS code, price, units FROM read_parquet('{path}')"
        f" USING SAMPLE 1600 ROWS (reservoir, 7)) TO '{part}' (FORMAT parquet)"
    )
    found = leaked(tmp_path, original, part)
    agreed = dict(zip(BUYERS, found["agreed"], strict=True))
    assert found["cells"] > 500
    assert agreed.pop(107) == found["cells"]
    assert max(agreed.values()) < 0.65 * found["cells"]


def test_two_buyers_who_mix_their_copies_are_both_found(tmp_path, original):
    one, two = (made(tmp_path, original, Cut(mark=MARK), h) for h in (101, 102))
    mixed = tmp_path / "mixed.parquet"
    duckdb.execute(
        f"COPY (SELECT * FROM read_parquet('{one}') WHERE hash(code) % 2 = 0 UNION ALL"
        f" SELECT * FROM read_parquet('{two}') WHERE hash(code) % 2 = 1)"
        f" TO '{mixed}' (FORMAT parquet)"
    )
    found = leaked(tmp_path, original, mixed)
    shares = {
        b: m / found["cells"] for b, m in zip(BUYERS, found["agreed"], strict=True)
    }
    assert min(shares[101], shares[102]) > 0.7
    assert max(v for b, v in shares.items() if b not in (101, 102)) < 0.56


def test_who_had_no_part_in_a_file_agrees_as_fair_coins_do(tmp_path, original):
    """False accusations keep to the binomial: tested on 200 made-up buyers."""
    copy = made(tmp_path, original, Cut(mark=MARK), holder=99)
    for suspect in (copy, original):
        found = leaked(tmp_path, original, suspect, list(range(1_000, 1_200)))
        n, agreed = found["cells"], found["agreed"]
        mean = sum(agreed) / len(agreed)
        spread = sum((m - n / 2) ** 2 for m in agreed) / len(agreed)
        assert abs(mean - n / 2) < 4 * (n / 4 / len(agreed)) ** 0.5
        assert 0.6 < spread / (n / 4) < 1.4  # the variance of coins, 4 sigma
        least = bisect_left(range(n), -0.05, key=lambda m: -chance(n, m))
        over = sum(m >= least for m in agreed)
        assert over <= 200 * 0.05 + 4 * (200 * 0.05 * 0.95) ** 0.5


def test_a_cut_is_the_same_after_it_was_frozen():
    cut = Cut((Rows("a", ("1",)),), (Mask("b", "first", 3),), MARK)
    assert load(json.loads(json.dumps(dump(cut)))) == cut
    assert digest(cut, 1, 5) != digest(cut, 2, 5)
    plain = cut._replace(mark=None)
    assert digest(plain, 1, 5) == digest(plain, 2, 5)


@pytest.mark.parametrize(
    "cut",
    [
        Cut(),
        Cut((Rows("a", ()),)),
        Cut(masks=(Mask("a", "burnt"),)),
        Cut(masks=(Mask("a", "hidden"), Mask("A", "blank"))),
        Cut(masks=(Mask("price", "hidden"),), mark=MARK),
        Cut(mark=MARK._replace(columns=(("price", "0.5"),))),
        Cut(mark=MARK._replace(one_in=1)),
    ],
)
def test_what_makes_no_sense_is_refused(cut):
    assert wrong(cut)


def test_the_chance_is_the_tail_of_fair_coins():
    assert [chance(4, m) for m in range(6)] == [1, 15 / 16, 11 / 16, 5 / 16, 1 / 16, 0]
    assert chance(4_000, 4_000) == 0.0 or chance(4_000, 4_000) < 1e-300


def test_a_file_that_repeats_rows_of_one_key_is_few_coins_not_many(tmp_path, original):
    """Else half of all buyers would agree with a single row said often enough."""
    suspect = tmp_path / "often.parquet"
    duckdb.execute(
        f"COPY (SELECT code, price, CAST(units + 1000 + n AS BIGINT) AS units FROM"
        f" (SELECT * FROM read_parquet('{original}') LIMIT 60), range(100) t(n))"
        f" TO '{suspect}' (FORMAT parquet)"
    )
    found = leaked(tmp_path, original, suspect)
    assert 0 < found["cells"] < 60
    assert 0 < min(found["agreed"]) <= max(found["agreed"]) < found["cells"]


def test_numbers_without_a_step_to_move_stay_and_the_table_is_opened(tmp_path):
    path = tmp_path / "odd.parquet"
    duckdb.execute(
        "COPY (SELECT i AS code, CASE i % 3 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN"
        " 'inf'::DOUBLE ELSE 1e300 END AS price, 127::TINYINT AS units"
        f" FROM range(100) t(i)) TO '{path}' (FORMAT parquet)"
    )
    copy = made(tmp_path, path, Cut(mark=MARK._replace(one_in=2)))
    said = duckdb.sql(f"SELECT min(units), max(units) FROM read_parquet('{copy}')")
    assert said.fetchall()[0] in {(126, 127), (127, 127)}
    assert leaked(tmp_path, path, copy)["problem"] == ""
