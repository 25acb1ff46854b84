"""Completing and correcting what is typed: by spelling, by pinyin, by initials.

The words are those of titles, vendors' names and the thesaurus, so that nothing is
suggested that the index does not show to everybody.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby, islice
from string import ascii_lowercase, digits
from typing import NamedTuple

from pypinyin import lazy_pinyin

from listings.search.index import Index
from listings.search.segment import FOLDED, Token, is_han, plain, segment
from listings.search.synonyms import thesaurus

TITLES_MAX = 20_000  # the newest, that words are taken from
PHRASE_MAX = 60  # characters of a completion
STARTS_MAX = 6  # words of one title that typing may start at
SCAN_MAX = 400  # completions looked at for one beginning
COMPLETIONS = 8
TYPED_MAX = 40  # characters that are completed
EDITED_MIN, FAR_MIN = 4, 6  # letters of a word that may have one slip, or two
EDITED_MAX = 24
VENDOR, WORD, TITLE = 3, 2, 1  # which completions come first
_LETTERS = ascii_lowercase + digits

Knows = Callable[..., bool]  # whether the index has these terms side by side


class _Entry(NamedTuple):
    key: str
    weight: int
    phrase: str


class Lexicon:
    """The words of an index as of one commit; never changes."""

    def __init__(
        self, titles: Iterable[tuple[str, str]], vendors: Iterable[tuple[str, str]]
    ) -> None:
        """Learn the words of *titles* and the names of *vendors*, zh and en each."""
        self._words: Counter[str] = Counter()
        self._sounds: defaultdict[str, list[str]] = defaultdict(list)
        self._starts: defaultdict[str, list[str]] = defaultdict(list)
        entries: set[_Entry] = set()
        for title in (text for pair in titles for text in pair if text):
            self._learn(title)
            entries.update(_entries(title, TITLE))
        for name in (text for pair in vendors for text in pair if text):
            self._learn(name)
            entries.update(_entries(name, VENDOR))
        for word in thesaurus().words:
            self._words[word.lower()] += 1
            if len(word) > 1 and not word.isdigit():  # no abbreviations, no codes
                entries.update(_entries(word, WORD))
        for word in self._words:
            if is_han(word):
                self._sounds["".join(sounds(word))].append(word)
            elif len(word) >= FAR_MIN:
                self._starts[word[0]].append(word)
        self._entries = sorted(entries)

    def _learn(self, text: str) -> None:
        simple = text.translate(FOLDED)
        for token in segment(simple):
            word = simple[token.start : token.end].lower()
            if len(word) > 1:
                self._words[word] += 1

    def complete(self, typed: str, limit: int = COMPLETIONS) -> list[str]:
        """Return what *typed* may be the beginning of, best first.

        Chinese is also found by its pinyin (qixiang) and its initials (qx).
        """
        key = _key(typed[:TYPED_MAX])
        if not key:
            return []
        at = bisect_left(self._entries, _Entry(key, 0, ""))
        found: dict[str, tuple[int, int]] = {}
        for entry in islice(self._entries, at, at + SCAN_MAX):
            if not entry.key.startswith(key):
                break
            rank = (-entry.weight, len(entry.phrase))
            found[entry.phrase] = min(rank, found.get(entry.phrase, rank))
        return sorted(found, key=lambda phrase: (found[phrase], phrase))[:limit]

    def correct(self, text: str, knows: Knows) -> str:
        """Return *text* with the words that the index does not know put right.

        Empty if there is nothing to put right, or nothing like it.
        """
        simple = text.translate(FOLDED)
        pieces, at = [], 0
        for start, end, better in self._better(simple, knows):
            pieces += [simple[at:start], better]
            at = end
        return "".join([*pieces, simple[at:]]) if pieces else ""

    def _better(self, text: str, knows: Knows) -> Iterator[tuple[int, int, str]]:
        for run in _doubtful(segment(text)):
            start, end = run[0].start, run[-1].end
            if not knows(*(token.term for token in run)):
                better = self._like(text[start:end].lower())
                if better:
                    yield start, end, better

    def _like(self, word: str) -> str:
        """Return the known word most like *word*: by sound, by one slip, by two."""
        if is_han(word):
            sound = "".join(sounds(word))
            candidates = self._sounds.get(sound) or self._sounding(sound)
            return self._best(c for c in candidates if len(c) == len(word))
        if not EDITED_MIN <= len(word) <= EDITED_MAX:
            return ""
        if word in self._sounds:
            return self._best(self._sounds[word])
        near = edits(word)
        return (
            self._best(near & self._words.keys())
            or self._best(self._sounding(word))
            or self._best(_within_two(word, self._starts.get(word[0], ())))
        )

    def _sounding(self, sound: str) -> list[str]:
        near = edits(sound) if len(sound) <= EDITED_MAX else set()
        return [
            word
            for each in sorted(near & self._sounds.keys())
            for word in self._sounds[each]
        ]

    def _best(self, words: Iterable[str]) -> str:
        return max(words, key=lambda word: (self._words[word], word), default="")


def learn(index: Index) -> Lexicon:
    """Return the lexicon of *index*."""
    titles = ((texts.zh[0], texts.en[0]) for texts in index.newest(TITLES_MAX))
    return Lexicon(titles, index.vendors())


@lru_cache(50_000)
def sounds(word: str) -> tuple[str, ...]:
    """Return the pinyin of each character of a Chinese *word*, without tones."""
    return tuple(lazy_pinyin(word, errors="ignore"))


def edits(word: str) -> set[str]:
    """Return everything that is one slip away: a letter more, less, other, swapped."""
    pairs = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return (
        {a + b[1:] for a, b in pairs if b}
        | {a + b[1] + b[0] + b[2:] for a, b in pairs if len(b) > 1}
        | {a + c + b[1:] for a, b in pairs if b for c in _LETTERS}
        | {a + c + b for a, b in pairs for c in _LETTERS}
    ) - {word}


def _within_two(word: str, others: Iterable[str]) -> list[str]:
    if len(word) < FAR_MIN:
        return []
    near = [other for other in others if abs(len(other) - len(word)) <= 2]
    return [other for other in near if _distance(word, other) <= 2]


def _distance(one: str, other: str) -> int:
    """Return the number of slips between two words; a swap of neighbours is one."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        now = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]


def _doubtful(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield words of other scripts, and single Chinese characters in a row.

    The dictionary knows every longer Chinese word, so that a slip leaves single ones.
    """

    def lone(token: Token) -> bool:
        return token.end - token.start == 1 and is_han(token.term)

    for is_lone, run in groupby(tokens, key=lone):
        tokens_of = list(run)
        if is_lone and len(tokens_of) > 1:
            yield tokens_of
        elif not is_lone:
            yield from ([token] for token in tokens_of if not is_han(token.term))


def _entries(text: str, weight: int) -> Iterator[_Entry]:
    """Yield the keys under which *text* is completed."""
    phrase = text.strip()[:PHRASE_MAX]
    simple = phrase.translate(FOLDED)
    starts = [token.start for token in segment(simple)]
    for start in list(dict.fromkeys([0, *starts]))[:STARTS_MAX]:
        rest = simple[start:]
        yield _Entry(_key(rest), weight, phrase)
        if rest and is_han(rest[0]):
            han = re.match(r"[\u3400-\u9fff]+", rest)
            read = sounds(han[0]) if han else ()
            if read:
                yield _Entry("".join(read), weight, phrase)
                yield _Entry("".join(each[0] for each in read), weight, phrase)


def _key(text: str) -> str:
    """Return *text* as completions are compared: simplified, plain, single blanks."""
    return " ".join(plain(text.translate(FOLDED)).split())
