"""Releases: put together, finalised, never changed again."""

import io

import pytest

from listings import catalogue, products, releases
from listings.products import Facts
from settlement.errors import Invalid, NotFound


@pytest.fixture
def product(engine):
    with engine.begin() as db:
        return products.draft(db, 7, Facts("dataset", title_en="Rates"), by=5)


@pytest.fixture
def stored(storage):
    return storage.put(io.BytesIO(b"a,b\n1,2\n"))


def test_a_finalised_release_refuses_every_edit(engine, product, stored):
    with engine.begin() as db:
        release = releases.begin(db, product, "2026-11", "首发", "First")
        file = releases.add_file(db, release, "rates.csv", stored)
        releases.finalise(db, release)
        before = (releases.get(db, release), releases.files_of(db, release))
        edits = (
            lambda: releases.edit(db, release, "2026-12", "", ""),
            lambda: releases.add_file(db, release, "more.csv", stored),
            lambda: releases.remove_file(db, file),
            lambda: releases.finalise(db, release),
        )
        for edit in edits:
            with pytest.raises(releases.Finalised):
                edit()
        assert (releases.get(db, release), releases.files_of(db, release)) == before


def test_a_file_keeps_size_hash_and_type(engine, product, stored):
    with engine.begin() as db:
        release = releases.begin(db, product, "1")
        number = releases.add_file(db, release, "汇率 (日).csv", stored)
        file = releases.file_of(db, number)
    assert (file.size, file.sha256) == (8, stored.sha256)
    assert file.media_type == "text/csv"
    assert file.storage_key == stored.key


@pytest.mark.parametrize(
    "name", ["../x.csv", "a/b.csv", ".hidden", "", "a\nb", "a" * 201, 'x".csv']
)
def test_a_file_name_that_could_mislead_is_refused(engine, product, stored, name):
    with engine.begin() as db:
        release = releases.begin(db, product, "1")
        with pytest.raises(Invalid):
            releases.add_file(db, release, name, stored)


def test_labels_and_file_names_are_unique_within_their_owner(engine, product, stored):
    with engine.begin() as db:
        release = releases.begin(db, product, "1")
        releases.add_file(db, release, "a.csv", stored)
        with pytest.raises(Invalid):
            releases.add_file(db, release, "a.csv", stored)
        with pytest.raises(Invalid):
            releases.begin(db, product, "1")
        second = releases.begin(db, product, "2")
        with pytest.raises(Invalid):
            releases.edit(db, second, "1", "", "")


def test_an_empty_release_cannot_be_finalised(engine, product):
    with engine.begin() as db:
        release = releases.begin(db, product, "1")
        with pytest.raises(Invalid):
            releases.finalise(db, release)


def test_an_open_release_may_lose_a_file_and_is_not_delivered(engine, product, stored):
    with engine.begin() as db:
        release = releases.begin(db, product, "1")
        file = releases.add_file(db, release, "a.csv", stored)
        assert releases.newest(db, product) is None
        releases.remove_file(db, file)
        assert releases.files_of(db, release) == []
        with pytest.raises(NotFound):
            releases.file_of(db, file)


def test_the_newest_finalised_release_is_what_is_delivered(engine, product, stored):
    with engine.begin() as db:
        for label in ("1", "2", "3"):
            release = releases.begin(db, product, label)
            releases.add_file(db, release, "a.csv", stored)
            if label != "3":
                releases.finalise(db, release)
        assert releases.newest(db, product).label == "2"
        labels = [found.label for found in catalogue.releases_of(db, product)]
    assert labels == ["3", "2", "1"]
