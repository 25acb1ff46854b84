"""``databourse import`` as an operator runs it."""

import json

import pytest
from click.testing import CliRunner

from listings.search.index import open_index
from listings.search.query import Query
from marketplace.cli import main
from marketplace.config import Config
from marketplace.trading import reads
from settlement import store

SOURCES = [
    {"id": "a", "name": {"zh": "深圳房价", "en": "Shenzhen homes"}, "tags": ["x"]},
    {"id": "b", "name": {"zh": "全国气温"}, "tags": ["open-data"]},
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a command on data of this test's own."""
    monkeypatch.setenv("DATABOURSE_DATA", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"sources": SOURCES}), "utf-8")
    return path


@pytest.fixture
def vendor(run):
    words = ("member", "add", "Open Data House", "o@example.org", "--kind", "foreign")
    added = run(*words, "--region", "US", "--vendor", "--verify")
    return added.output.split()[1]


def test_an_import_lists_opens_books_and_can_be_found(run, file, vendor):
    done = run("import", "firstdata", file, "--vendor", vendor)
    assert done.exit_code == 0, done.output
    assert "✓ 2 entries: 2 created, 0 updated, 0 unchanged, 0 refused" in done.output
    config = Config.from_environment()
    engine = store.connect(config.database_url)
    with engine.connect() as db:
        books = reads.books_of(db, [1000, 1001])
    engine.dispose()
    assert [book.state for book in books.values()] == ["listed", "listed"]
    (hit,) = open_index(config.search_url).search(Query("气温")).hits
    assert hit.id == 2


def test_a_second_run_says_that_nothing_changed(run, file, vendor):
    run("import", "firstdata", file, "--vendor", vendor)
    done = run("import", "firstdata", file, "--vendor", vendor)
    assert "0 created, 0 updated, 2 unchanged, 0 refused" in done.output


def test_refused_entries_are_shown_and_fail_the_command(run, file, vendor):
    file.write_text(json.dumps({"sources": [*SOURCES, {"id": "c"}]}), "utf-8")
    done = run("import", "firstdata", file, "--vendor", vendor)
    assert done.exit_code == 1
    assert "refused: c: no name" in done.output
    assert "2 created" in done.output


@pytest.mark.parametrize("words", [("--verify",), ("--vendor",)])
def test_only_a_verified_vendor_can_have_listings(run, file, words):
    common = ("member", "add", "X", "x@example.org", "--kind", "foreign")
    buyer = () if "--vendor" in words else ("--buyer",)
    member = run(*common, "--region", "US", *words, *buyer).output.split()[1]
    done = run("import", "firstdata", file, "--vendor", member)
    assert done.exit_code == 1
    assert "verified vendor" in done.output


def test_an_unknown_catalogue_is_a_mistake_of_usage(run, file):
    assert run("import", "data.gov", file, "--vendor", "mem_1").exit_code == 2
