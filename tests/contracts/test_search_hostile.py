"""No text that anyone can type breaks a search or holds it up (reliability F8)."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listings.search import ranking
from listings.search.entry import Entry
from listings.search.index import open_index
from listings.search.query import Query
from settlement import clock
from settlement.errors import Refusal

HOSTILE_MAX_S = 0.25
HOSTILE = [
    "*",
    "?????*",
    "a* OR b* OR c* OR d*",
    "aaa* bbb* the* dat* sta* wea* tra* 数据*",
    "[a TO z]",
    "price:[a TO",
    "NOT " * 200,
    "NOT " * 20,
    "(" * 3_000,
    "(" * 200,
    '"' * 200,
    '"a" ' * 20,
    "\x00",
    "data\x00'; DROP TABLE products; --",
    "x" * 10_000,
    "数" * 200,
    "的" * 60,
    "中华人民共和国国家统计局" * 8,
    "😀" * 200,
    "\ud800",
    "a\u0301" * 100,
    "../../etc/passwd",
    "{{7*7}} ${jndi:ldap://x}",
    "~^-+|&!:\\/",
    "terms:weather facts:1",
    "\u202e\u200b\ufeff",
    "İ" * 100,
    "ﷺ" * 200,
    "1 " * 20,
]


@pytest.fixture(
    scope="module",
    params=["whoosh", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def large(request, tmp_path_factory):
    if request.param == "whoosh":
        url = f"whoosh:{tmp_path_factory.mktemp('large')}"
    else:
        url = request.getfixturevalue("module_postgres_url")
    index = open_index(url)
    words = "数据 统计 中华人民共和国 the data statistics weather trade a b c x1 aab"
    index.rebuild(
        Entry(
            number,
            f"数据 {number}",
            f"data x{number} trade{number}",
            number,
            description_en=f"{words} " * 5 + f"aaa{number} the{number}",
        )
        for number in range(1, 2_001)
    )
    yield index
    index.close()


class TestHostileQueries:
    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_any_text_is_answered_or_refused_in_time(self, large, text):
        began_s = clock.elapsed_s()
        try:
            results = large.search(Query(text))
        except Refusal:
            results = None
        if results is not None:
            assert len(results.hits) <= 20
        assert clock.elapsed_s() - began_s < HOSTILE_MAX_S

    @given(text=st.text(max_size=220))
    @settings(
        max_examples=150,
        deadline=None,
    )
    def test_random_text_never_breaks_it(self, large, text):
        with suppress(Refusal):
            large.search(Query(text))

    def test_a_long_phrase_is_found_wherever_it_stands(self, large):
        said = "data statistics weather trade a b c"
        assert large.search(Query(f'"{said}"')).total == 2_000
        assert large.search(Query(f'"{said} weather"')).total == 0

    def test_beyond_what_can_be_read_the_rarest_words_count(self, large, monkeypatch):
        asked = Query("data statistics weather trade7")
        found = large.search(asked)
        monkeypatch.setattr(ranking, "POSTINGS_MAX", 1)
        assert large.search(asked).total == found.total == 1
        assert (
            large.search(Query("data zebra")).total == 0
        )  # what nothing has is rarest
