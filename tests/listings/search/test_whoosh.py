"""The index on disk: damage, two writers, hostile files, seeded randomness."""

import gc
import random
import stat
import subprocess
import sys

import pytest

from listings.search import whoosh
from listings.search.entry import Entry
from listings.search.index import IndexBusy, open_index
from listings.search.query import Query

HOLD = """
import sys
from whoosh import index
import listings.search.whoosh  # which the schema names
writer = index.open_dir(sys.argv[1]).writer()
print("held", flush=True)
sys.stdin.read()
writer.cancel()
"""
ENTRY = Entry(1, "数据", "data", 0)


@pytest.fixture
def url(tmp_path):
    return f"whoosh:{tmp_path / 'index'}"


def test_the_directory_is_private_since_it_holds_pickles(url):
    index = open_index(url)
    assert stat.S_IMODE(index.directory.stat().st_mode) == 0o700


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # Whoosh's own
@pytest.mark.parametrize("damage", [b"", b"\x00" * 64, b"no index at all"])
@pytest.mark.parametrize(
    "pattern",
    ["_MAIN_*.toc", *(f"MAIN_*.{end}" for end in ("trm", "pst", "fct", "txt"))],
)
def test_an_index_that_cannot_be_read_starts_again_at_zero(url, pattern, damage):
    index = open_index(url)
    index.apply([ENTRY], position=5)
    for file in index.directory.glob(pattern):
        file.write_bytes(damage)
    again = open_index(url)
    gc.collect()  # what Whoosh left open is closed in this test
    assert (again.count(), again.position) == (0, 0)
    again.apply([ENTRY], position=5)
    assert open_index(url).search(Query("数据")).total == 1


def test_a_missing_segment_starts_again_too(url):
    index = open_index(url)
    index.apply([ENTRY], position=5)
    for file in index.directory.glob("MAIN_*.pst"):
        file.unlink()
    assert open_index(url).position == 0


def test_starting_again_leaves_files_of_others(url, tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "letter.txt").write_text("dear")
    open_index(url)
    assert (tmp_path / "index" / "letter.txt").read_text() == "dear"


def test_while_another_process_writes_the_index_is_busy(url, monkeypatch):
    monkeypatch.setattr(whoosh, "WAIT_S", 0.0)
    index = open_index(url)
    index.apply([ENTRY], position=1)
    with subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-c", HOLD),
            str(index.directory),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(IndexBusy):
            index.apply([], [1], position=2)
        assert index.search(Query("data")).total == 1
        holder.stdin.close()
    index.apply([], [1], position=2)
    assert (index.count(), index.position) == (0, 2)


def test_a_seeded_process_does_not_repeat_the_names_of_segments(url):
    for _ in range(2):
        random.seed(1)
        open_index(url).rebuild([ENTRY])
    random.seed(1)
    index = open_index(url)
    index.apply([ENTRY._replace(id=2)])
    assert index.count() == 2


def test_segments_stay_few_however_many_changes_there_are(url):
    index = open_index(url)
    index.rebuild(Entry(number, "", "data", 0) for number in range(1, 300))
    for number in range(60):
        index.apply([Entry(number % 20 + 1, "", f"change {number}", 0)])
    assert index.count() == 299
    assert len(index._view.parts) < 15


def test_a_beginning_stands_for_the_most_frequent_words(url):
    index = open_index(url)
    rare = [Entry(number, "", f"sta{number:03}", 0) for number in range(1, 200)]
    index.rebuild([*rare, *(Entry(n, "", "statistics", 0) for n in range(200, 210))])
    ids = {hit.id for hit in index.search(Query("sta*", page_size=100)).hits}
    assert set(range(200, 210)) <= ids
    assert index.search(Query("zzz*")).total == 0


def test_what_was_asked_last_is_remembered_within_a_limit(url, monkeypatch):
    monkeypatch.setattr("listings.search.shelf.KEPT_MAX", 10_000)
    index = open_index(url)
    index.rebuild(Entry(number, "", "data", 0) for number in range(1, 300))
    for number in range(50):
        assert index.search(Query(f"data nothing{number}")).total == 299
    (part,) = index._view.parts
    remembered = {term for clause in part.shelf._known for term, _ in clause.terms}
    assert {"data", "nothing49"} <= remembered
    assert len(remembered) <= 10
