"""Words of a text in Chinese and English: one segmentation for listings and queries."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import opencc
import rjieba

from listings.search.stem import CACHED_MAX, stem

TERM_MAX = 64  # characters; a longer "word" is a hash or a URL's query

# CJK ideographs: extension A, the main block, compatibility, the extensions above.
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = rf"[^\W_{HAN}]"  # of any other script, or a digit
_ACCENT = r"[\u0300-\u036f]"
_RUN = re.compile(rf"(?P<han>[{HAN}]+)|{LETTER}+(?:{_ACCENT}+{LETTER}*)*")
# Full-width forms and traditional characters are one character each, so that offsets
# stay those of the text.
_IDEOGRAPHS = "\n".join(map(chr, range(0x3400, 0xA000)))
FOLDED = (
    {0xFF01 + i: 0x21 + i for i in range(94)}
    | {0x3000: 0x20}
    | {
        ord(old): new
        for old, new in zip(
            _IDEOGRAPHS, opencc.OpenCC("t2s").convert(_IDEOGRAPHS), strict=True
        )
        if old != new
    }
)


class Token(NamedTuple):
    """A word: its term, where it stands in the text, and its turn.

    Words that begin at the same character share a turn: 数据 and 数据产品 in 数据产品.
    """

    term: str
    start: int
    end: int
    turn: int


def segment(text: str, limit: int | None = None) -> list[Token]:
    """Return the words of *text* in order, at most *limit* of them."""
    return list(islice(words(text), limit))


def words(text: str) -> Iterator[Token]:
    """Yield the words of *text* in order.

    Chinese is cut by jieba's dictionary in search mode: long words also give the
    words inside them. No guessing of unknown words, since a guess depends on what
    stands around and would differ between listing and query: they fall into single
    characters. Other scripts are cut at whatever is no letter or digit, stripped of
    accents and, if English, stemmed.
    """
    turn = 0
    for run in _RUN.finditer(text.translate(FOLDED)):
        start = run.start()
        if run["han"] is None:
            yield Token(normal(run[0]), start, run.end(), turn)
            turn += 1
            continue
        last = 0
        for at, end, word in sorted(_chinese(run[0])):
            turn += at != last
            last = at
            yield Token(word, start + at, start + end, turn)
        turn += 1


def _chinese(run: str) -> list[tuple[int, int, str]]:
    words = rjieba.tokenize(run, mode="search", hmm=False)
    return [(start, end, word) for word, start, end in words]


@lru_cache(CACHED_MAX)
def normal(word: str) -> str:
    """Return the term of a word in letters: plain, and stemmed if English."""
    return stem(plain(word))


def plain(word: str) -> str:
    """Return *word* in lower case without accents, at most TERM_MAX long."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return (bare or apart)[:TERM_MAX]


def is_han(term: str) -> bool:
    """Tell whether *term* is Chinese."""
    found = _RUN.match(term)
    return found is not None and found["han"] is not None
