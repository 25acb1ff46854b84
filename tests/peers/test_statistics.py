"""Our SDMX, validated and read by the two libraries that official statistics use."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.datafiles import FORMS
from tests.marketplace.test_datafiles import FOUND

READ = """
import json, sys
from pysdmx.io import read_sdmx
for path in sys.argv[1:]:
    (data,) = read_sdmx(path, validate=True).data
    rows = data.data.fillna("").astype(str).to_dict("records")
    print(json.dumps([data.structure if isinstance(data.structure, str) else "", rows]))
"""
READ_BY_SDMX1 = """
import sys, sdmx
message = sdmx.read_sdmx(sys.argv[1])
print(sum(len(one.obs) for one in message.data))
"""


@pytest.fixture
def peer(require: Callable[[str], str]) -> Path:
    """The interpreter that has the outside libraries."""
    return Path(require("peers")) / "python"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for form in ("sdmx.csv", "sdmx.xml"):
        found[form] = tmp_path / f"figures.{form.rpartition('.')[2]}"
        found[form].write_bytes(FORMS[form].write(FOUND, {"2026-02"}))
    return found


def _run(peer: Path, script: str, *arguments: Path) -> str:
    command = [str(peer), "-c", script, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_pysdmx_validates_and_reads_both_forms_alike(peer, files):
    said = _run(peer, READ, files["sdmx.csv"], files["sdmx.xml"]).splitlines()
    (_, from_csv), (_, from_xml) = (json.loads(line) for line in said)
    names = ("TIME_PERIOD", "CLASS", "CURRENCY", "MEASURE", "OBS_STATUS")
    told = [[row[name] for name in names] for row in from_csv]
    assert told == [[row[name] for name in names] for row in from_xml]
    assert len(told) == 6


def test_sdmx1_reads_the_observations(peer, files):
    assert _run(peer, READ_BY_SDMX1, files["sdmx.xml"]).strip() == "6"
