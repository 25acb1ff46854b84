"""Real payloads through the confined child."""

from pathlib import Path

import pytest

from listings.quality.examination import examine

CSV = "城市,人口\n上海,24870000\n北京,21890000\n"


@pytest.fixture
def examined(tmp_path):
    """Examine bytes under a name; the report."""

    def examined(content, name):
        path = tmp_path / "content"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with path.open("rb") as file:
            return examine(file, name)

    return examined


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5"])
def test_chinese_text_is_read_in_every_encoding(examined, encoding):
    text = CSV.replace("上海", "臺北") if encoding == "big5" else CSV
    report = examined(text.encode(encoding), "cities.csv")
    (table,) = report["tables"]
    assert [column["name"] for column in table["columns"]] == ["城市", "人口"]
    assert [column["type"] for column in table["columns"]] == ["string", "integer"]
    assert table["encoding"] == encoding
    assert report["problems"] == []


def test_a_child_that_is_late_is_ended_and_its_file_quarantined():
    with Path(__file__).open("rb") as file:
        report = examine(file, "cities.csv", wall_s=0.01)
    assert [problem["code"] for problem in report["problems"]] == ["too_slow"]
