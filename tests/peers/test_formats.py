"""What we write, read by those who made the formats, each in its own environment."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from rdflib import CSVW, DCAT, RDF

from listings import spdx, standard
from listings.formats import rdf
from listings.formats.description import (
    Catalogue,
    Content,
    Description,
    Offer,
    Vendor,
)
from listings.formats.kinds import BY_SUFFIX
from listings.products import Facts

SHAPES = Path(__file__).with_name("dcat_ap.ttl")
ROWS = "city,day,degrees\n南京,2026-01-01,3.5\n苏州,2026-01-02,4\n".encode()
FACTS = Facts(
    "dataset",
    *("江苏逐日气温", "Daily temperatures", "十三市逐日气温。", "Thirteen cities."),
    *("一行是一市一日。", "One row is one city on one day."),
    keywords=("气温", "weather"),
    sector="meteorological-services",
    region="32",
    updates="daily",
    publisher="江苏气象",
    publisher_url="https://weather.example/",
    source_url="https://weather.example/目录?x=<1>",
    coverage_from="2020",
    coverage_until="2026-03",
    dictionary=(
        {
            "name": "city",
            "type": "text",
            "zh": "城市",
            "en": "City",
            "about_en": "Cities of the province.",
            "personal": "none",
            "codes": [{"code": "南京", "en": "Nanjing"}, {"code": "苏州"}],
        },
        {"name": "day", "type": "date", "zh": "日期", "en": "Day"},
        {"name": "degrees", "type": "number", "zh": "气温", "en": "Degrees"}
        | {"unit": "°C"},
    ),
    rights_note="仅供内部使用。",
    extra={"备注": "x"},
)


def described(**changed) -> Description:
    digest = hashlib.sha256(ROWS).hexdigest()
    return Description(
        "prd_0000001",
        "https://m.example/listings/prd_0000001",
        FACTS._replace(**changed),
        Vendor("mem_0000001", "江苏气象", "Jiangsu Weather", "https://m.example/v/1"),
        "2026-01-02T03:04:05Z",
        "2026-02-03T04:05:06Z",
        (
            Offer("TMP-1", "per_term", "CNY", "1200.00", 365, standard.STANDARD[0]),
            Offer("TMP-2", "free", "CNY", None, None, spdx.licence("CC-BY-4.0")),
        ),
        "2026.1",
        (Content("cities.csv", len(ROWS), digest, "text/csv"),),
    )


KINDS = ("dataset", "service", "application")


@pytest.fixture
def peer(require, tmp_path):
    """Return a function that runs a program of the peers; its exit code and words."""
    programs = Path(require("peers"))

    def run(name: str, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [programs / name, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def written(tmp_path: Path, suffix: str, **changed) -> str:
    """Write a description in the format; return the file's name."""
    name = suffix if suffix == "datapackage.json" else f"it.{suffix}"
    (tmp_path / name).write_bytes(BY_SUFFIX[suffix].write(described(**changed)))
    (tmp_path / "cities.csv").write_bytes(ROWS)
    return name


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "rdf"])
def test_a_catalogue_satisfies_dcat_ap(peer, tmp_path, suffix):
    entries = tuple(
        described(kind=kind)._replace(url=f"https://m.example/{kind}") for kind in KINDS
    )
    page = "https://m.example/catalogue.ttl"
    made = Catalogue(
        "https://m.example/c", ("目录", "Catalogue"), entries, page, page, None
    )
    file = tmp_path / f"catalogue.{suffix}"
    file.write_bytes(BY_SUFFIX[suffix].write_catalogue(made))
    syntax = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml"}[suffix]
    command = ("-s", str(SHAPES), "-df", syntax, "-sf", "turtle", str(file))
    code, said = peer("pyshacl", *command)
    assert code == 0, said
    graph = rdf.parse(file.read_bytes(), syntax)
    assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == 1
    assert len(list(graph.subjects(RDF.type, CSVW.Column))) == len(FACTS.dictionary)


def test_the_shapes_would_notice(peer, tmp_path):
    text = BY_SUFFIX["ttl"].write(described()).decode()
    for lost in ("dct:title", "dcat:accessURL", "foaf:name", "a dcat:Distribution"):
        file = tmp_path / "broken.ttl"
        file.write_text(text.replace(lost, "dct:x" if " " not in lost else "a dct:X"))
        code, _ = peer("pyshacl", "-s", str(SHAPES), "-sf", "turtle", str(file))
        assert code == 1, lost


def test_croissant_is_valid_and_a_sin_is_noticed(peer, tmp_path):
    name = written(tmp_path, "croissant.json")
    code, said = peer("mlcroissant", "validate", "--jsonld", name)
    assert code == 0, said
    broken = json.loads((tmp_path / name).read_bytes())
    broken["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nothing"
    (tmp_path / name).write_text(json.dumps(broken))
    assert peer("mlcroissant", "validate", "--jsonld", name)[0] != 0


def test_rows_come_with_the_codes_that_their_columns_refer_to(peer, tmp_path):
    name = written(tmp_path, "croissant.json")
    mapping = json.dumps({"cities.csv": str(tmp_path / "cities.csv")})
    for record_set, expected in (
        ("records", ("南京", "3.5")),
        ("codes/city", ("南京", "Nanjing", "苏州")),
    ):
        command = ("--jsonld", name, "--record_set", record_set, "--mapping", mapping)
        code, said = peer("mlcroissant", "load", *command)
        assert code == 0, said
        for value in expected:
            shown = value if value in said else str(value.encode())[2:-1]
            assert shown in said, said
    broken = json.loads((tmp_path / name).read_bytes())
    field = broken["recordSet"][0]["field"][0]
    field["references"] = {"field": {"@id": "codes/nothing"}}
    (tmp_path / name).write_text(json.dumps(broken))
    assert peer("mlcroissant", "validate", "--jsonld", name)[0] != 0


def test_a_data_package_is_valid_with_its_rows_and_checksum(peer, tmp_path):
    name = written(tmp_path, "datapackage.json")
    code, said = peer("frictionless", "validate", name, "--json")
    assert code == 0, said
    (tmp_path / "cities.csv").write_bytes(ROWS + b"x,y,z\n")
    assert peer("frictionless", "validate", name, "--json")[0] != 0


@pytest.mark.parametrize("kind", ["dataset", "service"])
def test_a_data_contract_passes_lint(peer, tmp_path, kind):
    name = written(tmp_path, "odcs.yaml", kind=kind)
    code, said = peer("datacontract", "lint", name)
    assert code == 0, said
    text = (tmp_path / name).read_text("utf-8").replace("kind: DataContract", "kind: X")
    (tmp_path / name).write_text(text, "utf-8")
    assert peer("datacontract", "lint", name)[0] != 0


def test_an_openapi_document_is_valid(tmp_path):
    from openapi_spec_validator import validate

    made = json.loads(BY_SUFFIX["openapi.json"].write(described(kind="service")))
    validate(made)
