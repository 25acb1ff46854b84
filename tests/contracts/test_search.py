"""What every index of listings must do, whatever is behind its URL."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listings.search.entry import Entry, Facet
from listings.search.index import Index, open_index
from listings.search.query import Query, Sort

WEATHER = Entry(
    1,
    "深圳气象观测数据",
    "Shenzhen weather observations",
    100,
    summary_zh="逐小时的温度与降水",
    summary_en="Hourly temperature and rain",
    keywords=("气象", "climate"),
    vendor_id=7,
    vendor_zh="南方数据",
    vendor_en="Southern Data",
    kind="dataset",
    sector="meteorology",
    region="440300",
    licence="CC-BY-4.0",
    price=50_00,
    updates="hourly",
)
QUOTES = Entry(
    2,
    "上海证券交易所日线行情",
    "",
    200,
    description_zh="沪市全部股票的开盘价、收盘价与成交量。",
    vendor_id=8,
    vendor_zh="沪上行情",
    kind="service",
    sector="finance",
    region="310000",
    updates="daily",
)
TRADES = Entry(
    3,
    "",
    "Trade statistics, open data",
    300,
    description_en="Monthly imports and exports by country. " * 50,
    vendor_id=7,
    vendor_zh="南方数据",
    vendor_en="Southern Data",
    kind="dataset",
    sector="finance",
    licence="CC0-1.0",
    price=0,
    updates="monthly",
)
ENTRIES = (WEATHER, QUOTES, TRADES)


@pytest.fixture(
    params=["whoosh", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "whoosh":
        return f"whoosh:{tmp_path / 'index'}"
    asked: str = request.getfixturevalue("postgres_url")
    return asked


@pytest.fixture
def open_url(url: str) -> Iterator[Callable[[], Index]]:
    """Open the index once more; all are closed at the end."""
    opened = []

    def open_again() -> Index:
        opened.append(open_index(url))
        return opened[-1]

    yield open_again
    for index in opened:
        index.close()


@pytest.fixture
def index(open_url: Callable[[], Index]) -> Index:
    opened = open_url()
    opened.apply(ENTRIES, position=3)
    return opened


def found(index, text="", **asked):
    results = index.search(Query(text, **asked))
    return [hit.id for hit in results.hits]


class TestWords:
    @pytest.mark.parametrize(
        ("text", "ids"),
        [
            ("气象", [1]),
            ("weather", [1]),
            ("WEATHER Observation", [1]),
            ("气象 weather", [1]),
            ("证券", [2]),
            ("证券交易", [2]),
            ("上海证券交易所", [2]),
            ("收盘价", [2]),
            ("股", [2]),
            *((text, [3]) for text in ("trades", "trading", "statist*", "export")),
            *((text, [3, 1]) for text in ("southern data", "南方数据")),
            *((text, [1]) for text in ("climate", "天气", "氣象觀測")),
            ("深圳 meteorology", [1]),
            *((text, [2]) for text in ("stocks", "沪", "310000")),
        ],
    )
    def test_both_languages_are_found_in_one_box(self, index, text, ids):
        assert sorted(found(index, text)) == sorted(ids)

    @pytest.mark.parametrize("text", ["潮汐", "bonds", "zebra", "*", "!?"])
    def test_what_is_not_there_is_not_found(self, index, text):
        results = index.search(Query(text))
        assert (results.total, results.hits, results.is_partial) == (0, [], False)

    def test_a_phrase_needs_its_words_side_by_side(self, index):
        assert found(index, '"open data"') == [3]
        assert found(index, '"data open"') == []
        assert found(index, "data open") == [3]

    def test_a_phrase_does_not_span_two_texts(self, index):
        assert found(index, '"observations hourly"') == []

    def test_if_nothing_has_every_word_some_are_shown_and_it_is_said(self, index):
        results = index.search(Query("weather zebra"))
        assert [hit.id for hit in results.hits] == [1]
        assert results.is_partial

    def test_a_title_ranks_above_a_description(self, index):
        index.apply(
            [
                Entry(10, "", "Rivers", 0, description_en="floods " * 3),
                Entry(11, "", "Floods of the north", 0),
            ]
        )
        assert found(index, "flood") == [11, 10]

    def test_nothing_asked_is_everything_newest_first(self, index):
        assert found(index) == [3, 2, 1]
        assert found(index, "   ") == [3, 2, 1]


class TestChanges:
    def test_an_empty_index_answers(self, open_url):
        empty = open_url()
        assert (empty.count(), empty.position) == (0, 0)
        assert empty.search(Query("data")).total == 0
        assert empty.search(Query()).total == 0

    def test_a_changed_listing_is_found_by_its_new_words_only(self, index):
        index.apply([WEATHER._replace(title_en="Typhoon tracks")])
        assert found(index, "typhoon") == [1]
        assert found(index, "observations") == []
        assert index.count() == 3

    def test_a_deleted_listing_disappears_from_hits_and_counts(self, index):
        index.apply([], [1])
        assert found(index, "weather") == []
        regions = index.search(Query()).facets[Facet.REGION]
        assert [count.code for count in regions] == ["310000"]
        assert index.count() == 2

    def test_deleting_what_is_not_there_changes_nothing(self, index):
        index.apply([], [99])
        assert index.count() == 3

    def test_the_last_of_one_listing_in_a_batch_counts(self, index):
        index.apply([WEATHER._replace(title_en=word) for word in ("one", "two")])
        assert found(index, "two") == [1]
        assert index.count() == 3

    def test_a_restart_keeps_listings_and_position(self, index, open_url):
        again = open_url()
        assert (again.count(), again.position) == (3, 3)
        assert found(again, "气象") == [1]

    def test_an_older_batch_is_not_taken_twice(self, index):
        index.apply([WEATHER._replace(title_en="older")], position=2)
        assert found(index, "older") == []
        assert index.position == 3

    def test_two_openings_see_each_others_changes(self, index, open_url):
        other = open_url()
        other.apply([], [1, 2], position=4)
        assert found(index) == [3]
        assert index.position == 4
        index.apply([WEATHER])
        assert found(other) == [3, 1]

    def test_many_small_changes_leave_one_of_each(self, index):
        for turn in range(40):
            index.apply([Entry(100 + turn % 5, "标题", f"turn {turn}", turn)])
        assert index.count() == 8
        assert found(index, "标题") == [104, 103, 102, 101, 100]
        assert found(index, '"turn 39"') == [104]
        assert found(index, '"turn 3"') == []

    def test_rebuilding_replaces_everything(self, index):
        assert index.rebuild([TRADES], position=9) == 1
        assert (index.count(), index.position) == (1, 9)
        assert found(index, "weather") == []

    def test_a_rebuild_that_fails_leaves_the_old_index(self, index):
        def entries():
            yield TRADES
            raise OSError

        with pytest.raises(OSError):
            index.rebuild(entries(), position=9)
        assert (index.count(), index.position) == (3, 3)
        index.apply([], [1], position=4)
        assert index.count() == 2

    def test_clearing_forgets_the_position_too(self, index):
        index.clear()
        assert (index.count(), index.position) == (0, 0)

    def test_searches_while_writing_always_see_whole_commits(self, index):
        failures = []
        writing = Event()
        writing.set()

        def search():
            while writing.is_set():
                results = index.search(Query("pair"))
                if results.total not in (0, 2):
                    failures.append(results.total)

        readers = [Thread(target=search) for _ in range(3)]
        for reader in readers:
            reader.start()
        for turn in range(15):
            pair = [Entry(50, "", f"pair {turn}", 0), Entry(51, "", "pair", 0)]
            if turn % 2:
                index.apply([], [50, 51])
            else:
                index.apply(pair)
        writing.clear()
        for reader in readers:
            reader.join()
        assert failures == []
        assert index.search(Query("pair")).total == 2


class TestOrder:
    def test_by_price_the_unpriced_come_last_either_way(self, index):
        assert found(index, sort=Sort.CHEAPEST) == [3, 1, 2]
        assert found(index, sort=Sort.DEAREST) == [1, 3, 2]

    def test_by_newest(self, index):
        assert found(index, "data", sort=Sort.NEWEST) == [3, 1]

    def test_pages_join_without_gap_or_repetition(self, index):
        index.rebuild([Entry(n, "数据", "data", n % 7) for n in range(1, 48)])
        pages = [
            found(index, "data", page=page, page_size=10, sort=sort)
            for sort in (Sort.RELEVANCE, Sort.NEWEST)
            for page in range(1, 7)
        ]
        for six in (pages[:6], pages[6:]):
            assert [len(page) for page in six] == [10, 10, 10, 10, 7, 0]
            assert sorted(chain.from_iterable(six)) == list(range(1, 48))

    def test_results_know_whether_there_is_more(self, index):
        assert index.search(Query(page_size=2)).has_more
        assert not index.search(Query(page=2, page_size=2)).has_more


class TestHits:
    def test_a_title_comes_in_the_language_asked_for_or_the_other(self, index):
        def title(language, text):
            (hit,) = index.search(Query(text, language=language)).hits
            return "".join(fragment.text for fragment in hit.title)

        assert title("zh", "气象") == "深圳气象观测数据"
        assert title("en", "气象") == "Shenzhen weather observations"
        assert title("en", "证券") == "上海证券交易所日线行情"

    def test_matches_are_marked_in_title_and_snippet(self, index):
        (hit,) = index.search(Query("weather rain", language="en")).hits
        assert [f.text for f in hit.title if f.is_match] == ["weather"]
        assert [f.text for f in hit.snippet if f.is_match] == ["rain"]

    def test_stop_words_are_not_marked(self, index):
        (hit,) = index.search(Query("temperature and rain", language="en")).hits
        assert [f.text for f in hit.snippet if f.is_match] == ["temperature", "rain"]

    def test_markup_of_a_vendor_comes_back_as_text(self, index):
        index.apply([Entry(9, "", "<script>alert(1)</script> evil", 0)])
        (hit,) = index.search(Query("evil")).hits
        assert "".join(f.text for f in hit.title) == "<script>alert(1)</script> evil"


class TestFacets:
    def test_vendors_bring_their_names(self, index):
        (vendor,) = index.search(Query("weather")).facets[Facet.VENDOR]
        assert vendor == ("7", 1, False, "南方数据", "Southern Data")

    def test_a_facet_ignores_its_own_filter(self, index):
        results = index.search(Query(filters={Facet.KIND: frozenset({"service"})}))
        assert results.total == 1
        kinds = {c.code: c.number for c in results.facets[Facet.KIND]}
        assert kinds == {"dataset": 2, "service": 1}
        assert [c.code for c in results.facets[Facet.PRICE]] == ["ask"]

    def test_a_chosen_value_without_hits_is_still_shown(self, index):
        asked = {Facet.REGION: frozenset({"110000"})}
        (*_, last) = index.search(Query(filters=asked)).facets[Facet.REGION]
        assert last == ("110000", 0, True, "", "")

    def test_an_empty_filter_is_no_filter(self, index):
        assert index.search(Query(filters={Facet.KIND: frozenset()})).total == 3


codes = st.sampled_from(["", "a", "b", "c"])
entries = st.lists(
    st.builds(
        lambda **said: Entry(**said),  # noqa: PLW0108 (nothing else is made up)
        id=st.integers(1, 30),
        title_zh=st.sampled_from(["数据", "气象", ""]),
        title_en=st.sampled_from(["data", "wind data", "rain"]),
        listed_us=st.integers(0, 5),
        vendor_id=st.integers(0, 3),
        kind=codes,
        sector=codes,
        region=codes,
        licence=codes,
        updates=codes,
        price=st.sampled_from([None, 0, 50_00, 500_00]),
    ),
    max_size=12,
)
filters = st.dictionaries(
    st.sampled_from([Facet.KIND, Facet.SECTOR, Facet.REGION, Facet.LICENCE]),
    st.frozensets(st.sampled_from(["a", "b", "z"]), min_size=1),
)


def naive(entries, word, asked):
    """Return the ids found and the counts of every facet, the slow and sure way."""

    def passes(entry, facets):
        return all(entry.facets()[facet] in asked[facet] for facet in facets)

    matching = [e for e in entries if word in f"{e.title_zh} {e.title_en}".split(" ")]
    if not word:
        matching = list(entries)
    counts = {}
    for facet in Facet:
        others = [other for other in asked if other is not facet]
        values = [e.facets()[facet] for e in matching if passes(e, others)]
        counts[facet] = Counter(value for value in values if value)
    return {e.id for e in matching if passes(e, asked)}, counts


class TestAgainstANaiveIndex:
    @given(
        first=entries,
        second=entries,
        deletes=st.lists(st.integers(1, 30), max_size=5),
        word=st.sampled_from(["", "data", "wind", "数据", "气象"]),
        asked=filters,
    )
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_hits_and_counts_are_right_under_any_filters(
        self, open_url, first, second, deletes, word, asked
    ):
        index = open_url()
        index.rebuild({entry.id: entry for entry in first}.values())
        deletes = [id_ for id_ in deletes if id_ not in {e.id for e in second}]
        index.apply(second, deletes)
        there = {e.id: e for e in [*first, *second] if e.id not in deletes}
        results = index.search(Query(word, filters=asked, page_size=100))
        ids, counts = naive(there.values(), word, asked)
        assert {hit.id for hit in results.hits} == ids
        assert results.total == len(ids)
        for facet, having in counts.items():
            shown = {c.code: c.number for c in results.facets[facet] if c.number}
            assert shown == having
