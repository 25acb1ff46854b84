"""Tables as Parquet, written by the child: types, what is odd, what changed."""

import duckdb

from listings.quality.examination import in_child


def prepared(tmp_path, name, content: bytes):
    file = tmp_path / name
    file.write_bytes(content)
    with file.open("rb") as opened, in_child("prepare", opened, name) as (_, report):
        return report


def test_a_column_is_typed_only_if_no_cell_is_lost(tmp_path):
    lines = ["n,m,code", *(f"{i},{i},00{i}" for i in range(1, 40)), "40,many,0040"]
    report = prepared(tmp_path, "a.csv", "\n".join(lines).encode())
    (table,) = report["tables"]
    assert [c["type"] for c in table["columns"]] == ["long", "string", "string"]
    assert table["rows"] == table["stats"]["numRecords"] == 40


def test_numbers_that_are_none_are_served_without_their_extremes(tmp_path):
    file = tmp_path / "a.parquet"
    duckdb.sql("SELECT CAST('nan' AS DOUBLE) AS x, 1 AS y").write_parquet(str(file))
    report = prepared(tmp_path, "a.parquet", file.read_bytes())
    assert report["problems"] == []
    assert report["tables"][0]["stats"]["maxValues"] == {"y": 1}


def test_what_holds_no_table_gives_none(tmp_path):
    assert prepared(tmp_path, "a.txt", b"words")["tables"] == []
