"""Finding: what was meant is searched where nothing has the words typed."""

import pytest

from listings.search.entry import Entry
from listings.search.finding import Finder
from listings.search.index import open_index
from listings.search.query import Query


@pytest.fixture
def index(tmp_path):
    opened = open_index(f"whoosh:{tmp_path / 'index'}")
    opened.rebuild(
        [
            Entry(1, "气象观测", "Weather observations", 0, region="44"),
            Entry(2, "股票行情", "Stock quotes", 0),
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
def finder(index):
    return Finder(index)


def ids(found):
    return [hit.id for hit in found.results.hits]


def test_words_that_are_there_are_searched_as_typed(finder):
    found = finder.find(Query("weather"))
    assert (ids(found), found.corrected) == ([1], "")


@pytest.mark.parametrize("typed", ["wether", "汽象", "qixiang"])
def test_a_slip_finds_what_was_meant_and_says_so(finder, typed):
    found = finder.find(Query(typed))
    assert ids(found) == [1]
    assert found.corrected in {"weather", "气象"}


def test_an_exact_search_corrects_nothing(finder):
    found = finder.find(Query("wether"), exact=True)
    assert (found.results.total, found.corrected) == (0, "")


def test_what_is_like_nothing_finds_nothing(finder):
    found = finder.find(Query("xylophone"))
    assert (found.results.total, found.corrected) == (0, "")


def test_the_name_of_a_region_finds_what_is_of_it(finder):
    assert ids(finder.find(Query("广东"))) == [1]
    assert ids(finder.find(Query("粤"))) == [1]


def test_new_words_are_learnt_after_a_change(finder, index):
    assert finder.words().complete("tide") == []
    index.apply([Entry(3, "潮汐", "Tide tables", 0)])
    for _ in range(200):
        if finder.words().complete("tide"):
            break
        finder._learning.acquire()  # wait for the thread that learns
        finder._learning.release()
    assert finder.words().complete("tide t") == ["Tide tables"]


def test_a_character_alone_is_no_reason_to_be_found(index):
    rain = Entry(3, "逐小时", "Rain", 0, summary_zh="逐个城市", summary_en="Every city")
    index.apply([rain])
    for alone in ("zebra 逐", "zebra 象"):
        assert not index.search(Query(alone)).total
    assert [hit.id for hit in index.search(Query("逐")).hits] == [3]


def test_the_other_language_explains_only_what_the_title_does_not(index):
    both = {"summary_zh": "按省观测的降水", "summary_en": "In all provinces"}
    index.apply([Entry(3, "雨", "Rain", 0, **both)])

    def snippet(text):
        (hit,) = index.search(Query(text, language="en")).hits
        return "".join(fragment.text for fragment in hit.snippet)

    assert snippet("rain") == "In all provinces"
    assert snippet("按省") == "按省观测的降水"
