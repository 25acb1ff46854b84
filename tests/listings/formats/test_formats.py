"""Three catalogues, read from excerpts as bad as the real ones."""

import json

import pytest

from listings import products
from listings.formats import akshare, aws_registry, firstdata
from listings.formats.entry import Described, Rejected, Stray

SOURCE = {
    "id": "china-shenzhen-stats",
    "name": {"en": "Shenzhen Statistics", "zh": "深圳市统计局"},
    "description": {"en": "City figures.", "zh": "城市统计数据。", "ko": "x"},
    "website": "https://tjj.sz.gov.cn",
    "data_url": "https://tjj.sz.gov.cn/data",
    "api_url": None,
    "country": "CN",
    "domains": ["economics", "finance"],
    "geographic_scope": "subnational",
    "update_frequency": "annual",
    "tags": ["gdp", "经济", "gdp"],
    "data_content": {"en": ["GDP by district"], "zh": ["分区生产总值"], "vi": ["v"]},
    "authority_level": "government",
}
DATASET = {
    "Slug": "noaa-x",
    "Name": "NOAA X",
    "Description": "One.<br/> <br/>Two &amp; more.",
    "Documentation": "Found [here](https://x.noaa.gov/docs).",
    "ManagedBy": "[NOAA](http://www.noaa.gov/)",
    "UpdateFrequency": "Daily",
    "Tags": ["weather", "aws-pds", "us"],
    "License": "There are no restrictions on the use of this data.",
    "Resources": [{"ARN": "arn:aws:s3:::x", "Type": "S3 Bucket"}],
    "DataAtWork": None,
    "Deprecated": True,
    "DeprecatedNotice": 'No longer hosted, ask <a href="mailto:a@b.c">a@b.c</a>.',
}
TOOL = {
    "dataset_slug": "noaa-x",
    "dataset_name": "NOAA X",
    "Title": "X Viewer",
    "URL": "github.com/x/viewer",
    "AuthorName": "Ann",
    "AuthorURL": "www.ann.org",
}
INTERFACE = {
    "category": "stock",
    "name": "stock_zh_a_spot",
    "desc": "沪深京 A 股实时行情",
    "limit_desc": "单次返回所有数据",
    "url": "https://quote.example.com/list",
    "params": [{"name": "-", "type": "-", "desc": "-"}],
    "outputs": [{"name": "代码", "type": "object", "desc": "-"}],
    "example": "import akshare as ak",
    "module": "akshare.stock",
    "documented": True,
}
SAMPLE = {"name": "stock_zh_a_spot", "doc": "x.md", "sample_text": "   代码\n0  600000"}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads values, or lines of text, by a format."""

    def reader(format_, *documents):
        paths = []
        for number, document in enumerate(documents):
            lines = isinstance(document, list)
            path = tmp_path / f"{number}.{'jsonl' if lines else 'json'}"
            rows = document if lines else [document]
            path.write_text(
                "\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows),
                "utf-8",
            )
            paths.append(path)
        return list(format_.read(paths))

    return reader


def test_firstdata_gives_bilingual_data_sets(read):
    (found,) = read(firstdata, {"sources": [SOURCE]})
    facts = found.facts
    assert (found.id, found.mode) == ("china-shenzhen-stats", "ask")
    assert (facts.title_zh, facts.title_en) == ("深圳市统计局", "Shenzhen Statistics")
    assert facts.description_zh == "城市统计数据。\n\n- 分区生产总值"
    assert (facts.region, facts.updates) == ("44", "yearly")
    assert facts.sector == "financial-services"
    assert facts.keywords == ("gdp", "经济")
    assert facts.extra["authority_level"] == "government"
    assert facts.extra["data_content"] == {"vi": ["v"]}
    assert not products.wrong(facts)


def test_firstdata_is_free_only_where_it_says_so(read):
    (found,) = read(firstdata, {"sources": [SOURCE | {"tags": ["open-data"]}]})
    assert found.mode == "free"
    assert found.licence.code == "LicenseRef-not-stated"


def test_the_registry_gives_text_and_keeps_the_original(read):
    (found,) = read(aws_registry, [DATASET])
    facts = found.facts
    assert facts.description_en == "One.\n\nTwo & more."
    assert facts.extra["original"] == {"Description": DATASET["Description"]}
    assert (facts.publisher, facts.publisher_url) == ("NOAA", "http://www.noaa.gov/")
    assert facts.source_url == "https://x.noaa.gov/docs"
    assert facts.extra["Documentation"] == DATASET["Documentation"]
    assert (facts.sector, facts.region) == ("meteorological-services", "US")
    assert facts.updates == "daily"
    assert facts.rights_note.startswith("No longer hosted, ask a@b.c.")
    assert facts.extra["Resources"] == DATASET["Resources"]
    assert found.mode == "free"


@pytest.mark.parametrize(
    ("change", "mode"),
    [
        ({"License": "CC-BY-4.0"}, "free"),
        ({"License": "NIH Genomic Data Sharing Policy"}, "ask"),
        ({"License": "[Commercial](https://x.org)"}, "ask"),
        ({"License": ""}, "ask"),
        ({"Resources": [{"ControlledAccess": "https://x.org"}]}, "ask"),
    ],
)
def test_the_registry_is_free_where_licence_and_access_are(read, change, mode):
    (found,) = read(aws_registry, [DATASET | change])
    assert found.mode == mode


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Not updated.", "never"),
        ("4 times each day at around 00, 06, 12 and 18 UTC.", "daily"),
        ("As Needed", "irregular"),
        ("Annually", "yearly"),
        ("From 1998-01-01 to Ongoing", None),
        ("Varies by dataset", None),
        ("Monthly from 2010, now not updated", "monthly"),
        ("", None),
    ],
)
def test_update_frequencies_in_words(words, code):
    assert aws_registry.updates_of(words) == code


def test_applications_take_the_tags_of_their_data_set_from_any_file(read):
    found = read(aws_registry, [TOOL], [DATASET])
    (tool,) = [entry for entry in found if entry.facts.kind == "application"]
    assert tool.id == "noaa-x/X Viewer"
    assert tool.facts.sector == "meteorological-services"
    assert tool.facts.source_url == tool.facts.publisher_url == ""
    assert tool.facts.extra == TOOL
    assert (tool.facts.publisher, tool.mode) == ("Ann", "ask")


def test_akshare_gives_services_with_parameters_results_and_samples(read):
    found = read(akshare, {"interfaces": [INTERFACE]}, [SAMPLE, SAMPLE | {"name": "z"}])
    service, stray = found
    facts = service.facts
    assert stray == Stray("z", "a sample of no interface")
    assert (facts.title_zh, facts.title_en) == (INTERFACE["desc"], INTERFACE["name"])
    assert [column["name"] for column in facts.dictionary] == ["代码"]
    assert facts.dictionary[0]["role"] == "result"
    assert facts.sample == {"text": "   代码\n0  600000"}
    assert (facts.sector, facts.region) == ("financial-services", "CN")
    assert service.mode == "ask"


def test_akshare_imports_no_code_as_text(read):
    (service,) = read(akshare, {"interfaces": [INTERFACE]})
    assert "import akshare" not in repr(service)


def test_an_undocumented_interface_has_at_least_its_name(read):
    bare = dict.fromkeys(INTERFACE) | {"name": "fred_md", "params": [], "outputs": []}
    (service,) = read(akshare, {"interfaces": [bare]})
    assert (service.facts.title_zh, service.facts.title_en) == ("", "fred_md")
    assert service.facts.source_url == ""
    assert not products.wrong(service.facts)


@pytest.mark.parametrize("format_", [firstdata, aws_registry, akshare])
@pytest.mark.parametrize(
    "document",
    [
        *([], {}, "x", None, {"sources": 1}, {"interfaces": {}}, {"sources": [1, {}]}),
        *({"interfaces": [1, {}]}, {"Slug": "a", "Name": None}),
    ],
)
def test_what_is_no_catalogue_is_refused_with_a_reason(read, format_, document):
    found = read(format_, document)
    assert all(isinstance(entry, Rejected) and entry.reason for entry in found)


def test_a_bad_line_does_not_hide_the_others(read):
    lines = ["{", '{"Slug": NaN}', "[" * 100_000, DATASET, "\u2028", TOOL]
    found = read(aws_registry, lines)
    kinds = [type(entry) for entry in found]
    assert kinds.count(Described) == 2
    places = [entry.id for entry in found if isinstance(entry, Rejected)]
    assert places == ["0.jsonl:1", "0.jsonl:2", "0.jsonl:3", "0.jsonl:5"]


@pytest.mark.parametrize(
    ("format_", "files", "count"),
    [
        (firstdata, ["all-sources.json"], 768),
        (aws_registry, ["registry.jsonl", "tools_and_applications.jsonl"], 1190 + 862),
        (akshare, ["interfaces.json", "doc_samples.jsonl"], 1090),
    ],
    ids=["firstdata", "aws", "akshare"],
)
def test_the_real_catalogues_have_3910_entries(catalogues, format_, files, count):
    found = list(format_.read([catalogues / format_.NAME / name for name in files]))
    entries = [entry for entry in found if isinstance(entry, Described)]
    assert len({entry.id for entry in entries}) == len(entries) == count
    assert not [entry for entry in found if isinstance(entry, Rejected)]
    assert not [entry.id for entry in entries if products.wrong(entry.facts)]
    assert all("<br" not in entry.facts.description_en for entry in entries)
    assert all("](" not in entry.facts.publisher for entry in entries)
