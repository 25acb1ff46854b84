"""Imports: everything once, changes once, nothing of others."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings import catalogue, importing, products
from listings.importing import UnknownCatalogue
from settlement import store

NAME = "firstdata"
VENDOR = 7
LONG = "很长的说明。" * 60_000  # as long as the longest description that there is


def source(id_, **other):
    return {
        "id": id_,
        "name": {"zh": f"数据{id_}", "en": f"Data {id_}"},
        "description": {"en": "Figures."},
        "data_url": "https://x.org/data",
        "tags": ["gdp"],
    } | other


@pytest.fixture
def run(engine, tmp_path):
    """Return a function that imports sources and gives the report."""

    def importer(*sources, vendor=VENDOR):
        path = tmp_path / "sources.json"
        path.write_text(json.dumps({"sources": sources}), "utf-8")
        return importing.run(engine, NAME, [path], vendor)

    return importer


def counts(report):
    return (report.created, report.updated, report.unchanged, len(report.refused))


def rows(engine):
    """Return everything that an import may write."""
    with engine.connect() as db:
        return {
            name: [tuple(row) for row in db.execute(table.select())]
            for name, table in store.metadata.tables.items()
        }


def test_an_import_lists_at_once(engine, run):
    report = run(source("a"), source("b", tags=["open-data"]))
    assert counts(report) == (2, 0, 0, 0)
    assert (report.classes, report.modes) == ({"dataset": 2}, {"ask": 1, "free": 1})
    with engine.connect() as db:
        shown = catalogue.listing(db, 1)
        assert (shown.state, shown.listing_state) == ("registered", "listed")
        assert (shown.origin, shown.origin_id) == (NAME, "a")
        assert shown.certificate == 1
        (unit,) = catalogue.instruments_of(db, 2)
        assert (unit.symbol, unit.mode, unit.state) == ("FD-2", "free", "listed")
        entries = [change.entry for change in catalogue.changes_after(db, 0, 10)]
        assert [(entry.id, entry.price) for entry in entries] == [(1, None), (2, 0)]


def test_a_second_run_changes_nothing(engine, run):
    run(source("a"), source("b"))
    before = rows(engine)
    assert counts(run(source("a"), source("b"))) == (0, 0, 2, 0)
    assert rows(engine) == before


def test_a_changed_entry_is_updated_and_keeps_its_number_and_symbol(engine, run):
    run(source("a"), source("b"))
    report = run(source("a"), source("b", tags=["open-data"], website="https://y.org"))
    assert counts(report) == (0, 1, 1, 0)
    with engine.connect() as db:
        shown = catalogue.listing(db, 2)
        assert (shown.publisher_url, shown.version) == ("https://y.org", 2)
        assert shown.certificate == 3
        (unit,) = catalogue.instruments_of(db, 2)
        assert (unit.symbol, unit.mode) == ("FD-2", "free")
        assert [change.product_id for change in catalogue.changes_after(db, 2, 9)] == [
            2
        ]


def test_many_changed_entries_are_updated_together(engine, run):
    run(source("a"), source("b"), source("c"))
    changed = [source(id_, tags=["开放数据"]) for id_ in "abc"]
    assert counts(run(*changed)) == (0, 3, 0, 0)
    with engine.connect() as db:
        modes = [catalogue.instruments_of(db, number)[0].mode for number in (1, 2, 3)]
        certificates = [
            catalogue.listing(db, number).certificate for number in (1, 2, 3)
        ]
    assert modes == ["free"] * 3
    assert certificates == [4, 5, 6]


def test_entries_that_are_gone_stay_listed(engine, run):
    run(source("a"), source("b"))
    assert counts(run(source("a"))) == (0, 0, 1, 0)
    with engine.connect() as db:
        assert catalogue.counts(db) == {"dataset": 2}


def test_nothing_is_cut(engine, run):
    run(source("a", description={"zh": LONG, "en": "x"}, note={"any": [1, None]}))
    with engine.connect() as db:
        shown = catalogue.listing(db, 1)
    assert shown.description_zh == LONG
    assert shown.extra["note"] == {"any": [1, None]}


def test_refused_entries_are_named_and_the_others_imported(run):
    report = run(
        source("a"),
        source("a"),
        source("", name={}),
        source("long", name={"en": "x" * 301}),
        source("d"),
    )
    assert counts(report) == (2, 0, 0, 3)
    reasons = {entry.id: entry.reason for entry in report.refused}
    assert reasons["a"] == "the id occurs twice"
    assert "too long" in reasons["long"]
    assert report.entries == 5


def test_characters_that_no_database_takes_are_refused(run):
    half = "\ud83d"  # of an emoji
    report = run(
        source("a", description={"en": half}),
        source("b", note=half),
        source(f"c{half}"),
        source("d\x00"),
        source("e", description={"en": "a\x00b"}, note="\x00"),
    )
    assert counts(report) == (1, 0, 0, 4)
    assert [entry.id for entry in report.refused] == ["a", "b", "c\\ud83d", "d\\x00"]


def test_equal_names_are_two_listings(run):
    name = {"en": "Asian Development Bank Data Library"}
    assert counts(run(source("a", name=name), source("b", name=name))) == (2, 0, 0, 0)


def test_what_belongs_to_another_vendor_is_left_alone(engine, run):
    run(source("a"))
    before = rows(engine)
    report = run(source("a", tags=["other"]), vendor=8)
    assert counts(report) == (0, 0, 0, 1)
    assert rows(engine) == before


def test_what_the_vendor_has_edited_is_not_overwritten(engine, run):
    run(source("a"))
    with engine.begin() as db:
        row = products.find(db, 1)
        products.put(db, row, products.facts_of(row), row.version, by=5)
    report = run(source("a", tags=["other"]))
    assert counts(report) == (0, 0, 0, 1)
    assert "edited" in report.refused[0].reason


def test_an_interrupted_import_is_continued_by_another(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    sources = [source(str(number)) for number in range(5)]
    file = tmp_path / "five.json"
    file.write_text(json.dumps({"sources": sources}), "utf-8")

    def fail(done):
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.run(engine, NAME, [file], VENDOR, fail)
    assert counts(importing.run(engine, NAME, [file], VENDOR)) == (1, 0, 4, 0)


def test_a_catalogue_without_importer_is_refused(engine, tmp_path):
    with pytest.raises(UnknownCatalogue) as refused:
        importing.run(engine, "data.gov", [tmp_path / "x"], VENDOR)
    assert refused.value.importers == [
        *("akshare-interfaces", "aws-open-data-registry", "firstdata"),
    ]


_ids = st.lists(st.sampled_from("abcdef"), max_size=8)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_ids, second=_ids, tag=st.text(max_size=20))
def test_whatever_is_imported_twice_is_unchanged_the_second_time(
    tmp_path_factory, first, second, tag
):
    folder = tmp_path_factory.mktemp("import")
    engine = store.connect(f"sqlite:///{folder / 'x.db'}", write=True)
    store.metadata.create_all(engine)
    file = folder / "sources.json"
    for ids, tags in ((first, ["x"]), (second, [tag])):
        sources = [source(id_, tags=tags) for id_ in ids]
        file.write_text(json.dumps({"sources": sources}), "utf-8")
        once = importing.run(engine, NAME, [file], VENDOR)
        before = copy.deepcopy(rows(engine))
        again = importing.run(engine, NAME, [file], VENDOR)
        assert (again.created, again.updated) == (0, 0)
        assert again.unchanged == once.created + once.updated + once.unchanged
        assert rows(engine) == before
    engine.dispose()
