"""Figures as files: the same numbers in each form."""

import csv
import io
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
from python_calamine import CalamineWorkbook

from marketplace.datafiles import FORMS, observations
from settlement.statistics.questions import Figures, question

COLUMNS = ("period", "class", "currency", "turnover", "settled")
ROWS = [
    ("2026-01", "dataset", "CNY", 1200, 1000),
    ("2026-01", "=1+1", "CNY", None, None),
    ("2026-02", "service", "USD", 5, 0),
]
FOUND = Figures(question("s05_turnover"), ("class",), {}, COLUMNS, ROWS, 1, 9)


def written(form: str, found: Figures = FOUND) -> bytes:
    return FORMS[form].write(found, {"2026-02"})


def test_each_figure_is_an_observation_with_its_status():
    found = list(observations(FOUND, {"2026-02"}))
    assert [(one.value, one.status) for one in found] == [
        *((1200, "A"), (1000, "A"), (None, "Q"), (None, "Q"), (5, "P"), (0, "P")),
    ]
    assert found[0].key == {
        "TIME_PERIOD": "2026-01",
        "CLASS": "dataset",
        "CURRENCY": "CNY",
        "MEASURE": "turnover",
    }


def test_csv_and_excel_are_inert_and_keep_what_is_withheld_empty():
    lines = list(csv.reader(io.StringIO(written("csv").decode())))
    assert lines[2] == ["2026-01", "'=1+1", "CNY", "", ""]
    book = CalamineWorkbook.from_filelike(io.BytesIO(written("xlsx")))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[1][3] == 1200
    assert rows[2][1:] == ["=1+1", "CNY", "", ""]


def test_parquet_has_types_and_nulls(tmp_path: Path):
    (tmp_path / "a.parquet").write_bytes(written("parquet"))
    days = FOUND._replace(columns=("day",), rows=[(date(2026, 1, 5),)])
    (tmp_path / "b.parquet").write_bytes(written("parquet", days))
    with duckdb.connect() as db:
        found = db.execute(f"FROM '{tmp_path}/a.parquet'")
        kinds = [str(column[1]) for column in found.description]
        assert kinds == ["VARCHAR"] * 3 + ["BIGINT"] * 2
        assert found.fetchall() == ROWS
        days_read = db.execute(f"FROM '{tmp_path}/b.parquet'").fetchall()
    assert days_read == [(date(2026, 1, 5),)]


def test_both_forms_of_sdmx_say_the_same():
    lines = list(csv.DictReader(io.StringIO(written("sdmx.csv").decode())))
    assert lines[0]["STRUCTURE_ID"] == "DATABOURSE:S05_TURNOVER(1.0)"
    root = ET.fromstring(written("sdmx.xml"))
    seen = [dict(obs.attrib) for obs in root.iter("Obs")]
    assert len(seen) == len(lines) == 6
    for line, obs in zip(lines, seen, strict=True):
        told = {name: line[name] for name in obs if name != "OBS_VALUE"}
        assert {name: value for name, value in obs.items() if name in told} == told
        assert obs.get("OBS_VALUE", "") == line["OBS_VALUE"]
