"""The catalogue out and a vendor's own in, at the command line."""

import json
import zipfile

import pytest
from click.testing import CliRunner

from marketplace.cli import main
from tests.visitors import credit_code

CODE = ("--vendor", "--code", credit_code(5))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABOURSE_DATA", str(tmp_path / "var"))

    def run(*arguments: str):
        return CliRunner().invoke(main, [str(a) for a in arguments])

    made = run("member", "add", "A Ltd", "a@a.example", *CODE)
    run.vendor = next(w for w in made.output.split() if w.startswith("mem_"))
    return run


def test_a_table_becomes_drafts_and_the_outcome_a_file(run, tmp_path):
    table = tmp_path / "目录.csv"
    table.write_bytes("编号,产品名称,备注\n1,甲,x\n2,,y\n".encode("gbk"))
    told = run("drafts", table, "--vendor", run.vendor, "--dry-run")
    assert "1 created, 0 updated, 0 unchanged, 1 refused" in told.output
    outcome = tmp_path / "out.csv"
    done = run("drafts", table, "--vendor", run.vendor, "--outcome", outcome)
    assert done.exit_code == 1, done.output
    assert "1 created" in done.output
    assert outcome.read_text("utf-8-sig").count("\n") == 3
    again = run("drafts", table, "--vendor", run.vendor)
    assert "0 created, 0 updated, 1 unchanged" in again.output


def test_a_mapping_may_be_given(run, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\nX,y\n")
    (tmp_path / "m.json").write_text(json.dumps({"a": "title"}))
    options = ("--vendor", run.vendor, "--mapping", tmp_path / "m.json")
    done = run("drafts", tmp_path / "t.csv", *options)
    assert done.exit_code == 0, done.output
    assert "1 created" in done.output


def test_an_empty_catalogue_is_a_zip_file(run, tmp_path):
    done = run("catalogue", tmp_path / "all.zip")
    assert done.exit_code == 0, done.output
    assert zipfile.ZipFile(tmp_path / "all.zip").namelist() == [
        "catalogue.csv",
        "catalogue.xlsx",
    ]  # tables of their headings alone
