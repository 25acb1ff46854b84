"""Segmentation of Chinese and English."""

from hypothesis import given
from hypothesis import strategies as st

from listings.search.segment import TERM_MAX, is_han, segment


def terms(text):
    return [token.term for token in segment(text)]


def test_long_chinese_words_also_give_the_words_inside():
    assert {"上海", "证券", "交易所", "上海证券交易所"} <= set(terms("上海证券交易所"))


def test_words_that_begin_together_share_a_turn():
    turns = {token.term: token.turn for token in segment("上海证券交易所")}
    assert turns["上海"] == turns["上海证券交易所"] == 0
    assert turns["证券"] == 1


def test_english_is_lowered_and_stemmed():
    assert terms("Trading Datasets, LIBRARIES") == ["trade", "dataset", "librari"]


def test_both_languages_stand_in_one_text():
    assert terms("深圳 weather 数据") == ["深圳", "weather", "数据"]


def test_signs_only_separate():
    assert terms("open-data_set/v1.5 (COVID-19)!") == [
        *("open", "data", "set", "v1", "5", "covid", "19")
    ]


def test_full_width_letters_are_letters():
    assert terms("ＡＢＣ　１２３") == ["abc", "123"]


def test_accents_do_not_matter_whether_composed_or_not():
    assert terms("étude") == terms("e\u0301tude") == terms("ETUDE")


def test_emoji_and_control_characters_are_no_words():
    assert terms("😀 \x00\x1b[31m ⚡") == ["31m"]


def test_a_limit_stops_early():
    assert len(segment("数据 " * 100, 7)) == 7


@given(st.text(max_size=200))
def test_every_word_lies_where_it_says_and_turns_ascend(text):
    tokens = segment(text)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert all(0 < len(token.term) <= TERM_MAX for token in tokens)
    turns = [token.turn for token in tokens]
    assert turns == sorted(turns)
    assert set(turns) == set(range(len(set(turns))))


@given(st.text(alphabet="数据产品交易所上海证券 market data", max_size=40))
def test_a_text_segmented_twice_is_segmented_alike(text):
    assert segment(text) == segment(text)


def test_chinese_is_told_from_the_rest():
    assert is_han("数据")
    assert not is_han("data")
    assert not is_han("")
