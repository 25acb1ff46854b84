import csv
import json
import re
from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser
from io import StringIO

import pytest

from marketplace.demo.payloads import goods
from marketplace.demo.products import products
from marketplace.demo.rows import fields

CHINA = timezone(timedelta(hours=8))
UNTIL = datetime(2026, 3, 2, tzinfo=CHINA)
EVERY = pytest.mark.parametrize("product", products(), ids=lambda one: one.code)

CHECKS = {
    "string": lambda value: isinstance(value, str) and value.strip() == value != "",
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "month": lambda value: re.fullmatch(r"\d{4}-(0\d|1[0-2])", value),
    "date": date.fromisoformat,
    "datetime": lambda value: datetime.fromisoformat(value).tzinfo is not None,
}
FROM_CSV = {"integer": int, "number": float, "boolean": {"True": True, "False": False}}


def read_csv(text, described):
    for row in csv.DictReader(StringIO(text)):
        yield {
            field.name: reader(row[field.name])
            for field in described
            for reader in (
                FROM_CSV[field.type].__getitem__
                if field.type == "boolean"
                else FROM_CSV.get(field.type, str),
            )
        }


def read(name, body, described):
    text = body.decode()
    if name.endswith(".csv"):
        return list(read_csv(text, described))
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    features = json.loads(text)["features"]
    for feature in features:
        lon, lat = feature["geometry"]["coordinates"]
        assert (lon, lat) == (
            feature["properties"]["lon"],
            feature["properties"]["lat"],
        )
        assert 70 < lon < 140
        assert 10 < lat < 55
    return [feature["properties"] for feature in features]


def conforms(rows, described):
    for row in rows:
        assert list(row) == [field.name for field in described]
        for field in described:
            assert CHECKS[field.type](row[field.name]), (field, row)


@EVERY
def test_the_rows_are_what_the_dictionary_says(product):
    made, described = goods(product, 1, UNTIL), fields(product)
    first = made.files[0]
    if product.kind == "dataset":
        rows = read(first.name, first.body, described)
        assert 200 <= len(rows) <= 5_000
        assert len(rows) == made.row_count
        dictionary = json.loads(made.files[1].body)
        assert [column["name"] for column in dictionary["columns"]] == list(rows[0])
    else:
        rows = json.loads(made.files[1].body)[
            "items" if product.kind == "service" else "rows"
        ]
    assert rows
    conforms(rows, described)
    conforms(made.sample, described)


@EVERY
def test_the_same_seed_and_day_make_the_same_bytes(product):
    made = goods(product, 5, UNTIL)
    assert made == goods(product, 5, UNTIL)
    assert made.files != goods(product, 6, UNTIL).files


@EVERY
def test_nothing_lies_after_the_day_it_was_made_on(product):
    first, last = goods(product, 1, UNTIL).coverage
    assert date.fromisoformat(first) <= date.fromisoformat(last) <= UNTIL.date()


@pytest.mark.parametrize(
    "product",
    [one for one in products() if one.kind == "service"],
    ids=lambda one: one.code,
)
def test_a_service_is_described_as_openapi_and_answers_as_described(product):
    described, samples = (
        json.loads(file.body) for file in goods(product, 1, UNTIL).files
    )
    assert described["openapi"] == "3.1.0"
    record = described["components"]["schemas"]["Record"]
    (path,) = described["paths"].values()
    names = [parameter["name"] for parameter in path["get"]["parameters"]]
    assert len(set(names)) == len(names) >= 2
    for item in samples["items"]:
        assert list(item) == list(record["properties"]) == record["required"]


class Outside(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.headings = 0

    def handle_starttag(self, tag, attrs):
        self.headings += tag == "h1"
        self.found += [(tag, key) for key, _ in attrs if key in {"src", "href"}]
        assert tag not in {"script", "link", "iframe"}


@pytest.mark.parametrize(
    "product",
    [one for one in products() if one.kind == "application"],
    ids=lambda one: one.code,
)
def test_an_application_is_one_page_that_fetches_nothing(product):
    page = Outside()
    page.feed(goods(product, 1, UNTIL).files[0].body.decode())
    assert page.headings == 1
    assert page.found == []
