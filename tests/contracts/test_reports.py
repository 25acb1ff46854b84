"""Reports of examinations on every database: claimed once, kept, gone with the file."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from listings import products, releases
from listings import tables as listed
from listings.files import Stored
from listings.products import Facts
from listings.quality import reports
from listings.quality.problems import Problem
from listings.quality.tables import examinations
from listings.releases import FILES_MAX

DONE = {"tables": [], "service": None, "problems": []}
STOPPED = DONE | {"problems": [Problem("stop", "bomb", "a.zip")._asdict()]}
STORED = Stored("0" * 64, 10, "0" * 64)


@pytest.fixture
def release(engine):
    with engine.begin() as db:
        product = products.draft(db, 1, Facts("dataset", title_zh="港口"), 1)
        return releases.begin(db, product, "1.0")


def add(engine, release, count=1):
    with engine.begin() as db:
        added = [
            releases.add_file(db, release, f"file-{n}.csv", STORED)
            for n in range(count)
        ]
        for file in added:
            reports.ask(db, file)
    return added


def test_what_waits_is_claimed_once_however_many_ask(engine, release):
    assert FILES_MAX >= 12
    added = add(engine, release, 12)

    def claim(_number):
        with engine.begin() as db:
            return reports.claim(db)

    with ThreadPoolExecutor(4) as pool:
        claimed = [file for found in pool.map(claim, range(8)) for file in found]
    assert sorted(claimed) == added


def test_what_a_crash_left_is_claimed_again_after_its_lease(engine, release):
    (file,) = add(engine, release)
    with engine.begin() as db:
        assert reports.claim(db) == [file]
        assert reports.claim(db) == []
        long_ago = examinations.c.begun_us - reports.LEASE_US - 1
        db.execute(update(examinations).values(begun_us=long_ago))
        assert reports.claim(db) == [file]


def test_a_release_is_final_only_when_every_file_is_examined_and_sound(engine, release):
    first, second = add(engine, release, 2)
    with engine.begin() as db:
        with pytest.raises(reports.BeingExamined):
            releases.finalise(db, release)
        reports.finish(db, first, DONE)
        reports.finish(db, second, STOPPED)
        with pytest.raises(reports.Quarantined) as refused:
            releases.finalise(db, release)
        assert (refused.value.name, refused.value.why) == ("file-1.csv", "bomb")
        releases.remove_file(db, second)
        assert db.scalar(select(func.count()).select_from(examinations)) == 1
        releases.finalise(db, release)
        assert reports.of_file(db, first).sha256 == reports.sha256_of(
            db.scalar(select(examinations.c.report))
        )


@pytest.mark.parametrize(
    "wrong", [{"state": "lost"}, {"state": "done"}, {"reason": "bomb"}]
)
def test_states_that_cannot_be_are_refused_by_the_table(engine, release, wrong):
    add(engine, release)
    with pytest.raises(DBAPIError), engine.begin() as db:
        db.execute(update(examinations).values(**wrong))


def test_the_report_goes_with_its_file(engine, release):
    (file,) = add(engine, release)
    with engine.begin() as db:
        db.execute(delete(listed.files).where(listed.files.c.id == file))
        assert reports.find(db, file) is None
