"""Descriptions of services of every version, sound and broken, and the real ones."""

import json
import os
from pathlib import Path

import pytest

from listings.quality.child import examine

WHERE = "DATABOURSE_TEST_CATALOGUES"  # the variable that names another place
BESIDE = Path(__file__).resolve().parents[3].with_name("shared") / "data"
INFO = {"title": "港口", "version": "1"}
ANSWERS = {"200": {"description": "ok"}}
LIMIT = {"name": "limit", "in": "query", "required": True}
V3 = {
    "info": INFO,
    "paths": {"/ports": {"get": {"summary": "Ports", "responses": ANSWERS}}},
}


def described(tmp_path, document, name="openapi.json"):
    path = tmp_path / "content"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return examine(path, name, tmp_path)


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_operations_are_listed(tmp_path, version):
    limit = LIMIT | {"schema": {"type": "integer"}}
    ports = {"parameters": [{"$ref": "#/components/parameters/limit"}]}
    document = V3 | {
        "openapi": version,
        "servers": [{"url": "https://api.example/v1"}],
        "components": {"parameters": {"limit": limit}},
        "paths": {"/ports": V3["paths"]["/ports"] | ports},
    }
    report = described(tmp_path, document)
    assert report["problems"] == []
    (operation,) = report["service"]["operations"]
    assert (operation["method"], operation["path"]) == ("GET", "/ports")
    (parameter,) = operation["parameters"]
    assert (parameter["name"], parameter["type"]) == ("limit", "integer")
    assert parameter["required"]


def test_what_breaks_the_standard_is_told(tmp_path):
    broken = V3 | {"openapi": "3.0.0", "paths": {"/ports": {"get": {}}}}
    codes = {problem["code"] for problem in described(tmp_path, broken)["problems"]}
    assert codes == {"not_openapi"}


@pytest.mark.parametrize(
    "there", ["file:///etc/passwd", "http://127.0.0.1/x.json", "other.json#/a"]
)
def test_other_documents_are_never_read(tmp_path, there):
    paths = {"/a": {"get": {"responses": {"200": {"$ref": there}}}}}
    report = described(tmp_path, V3 | {"openapi": "3.0.0", "paths": paths})
    assert [p["code"] for p in report["problems"]] == ["outside_reference"]


def test_yaml_is_read(tmp_path):
    text = "openapi: 3.1.0\ninfo: {title: Ports, version: '1'}\npaths: {}\n"
    assert described(tmp_path, text, "openapi.yaml")["service"]["title"] == "Ports"


def test_the_real_descriptions_are_read_without_a_fault(tmp_path):
    folder = Path(os.environ.get(WHERE, BESIDE)) / "openapi-specs"
    if not folder.is_dir():
        pytest.skip(f"needs catalogues: no openapi-specs; set {WHERE}")
    found = sorted(folder.glob("*.json"))
    assert found
    for path in found:
        report = examine(path, path.name, tmp_path)
        assert report["service"]["count"] > 0, path.name
        assert report["service"]["checked"], path.name
        assert report["problems"] == [], path.name


def test_the_real_payloads_are_read_and_nobody_is_found_in_them(tmp_path):
    folder = Path(os.environ.get(WHERE, BESIDE)) / "payloads"
    if not folder.is_dir():
        pytest.skip(f"needs catalogues: no payloads; set {WHERE}")
    for path in sorted(folder.iterdir()):
        if path.suffix in (".csv", ".json", ".geojson", ".parquet", ".arrow"):
            report = examine(path, path.name, tmp_path)
            codes = {problem["code"] for problem in report["problems"]}
            assert codes <= {"misfit", "duplicates"}, (path.name, codes)
            assert report["tables"], path.name
            assert report["tables"][0]["rows"] > 0, path.name
