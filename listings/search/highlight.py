"""Matching words in a text, as plain fragments: the page escapes and marks them."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from listings.search.segment import FOLDED, LETTER, is_han, normal, plain

SNIPPET_MAX = 180  # characters
LEAD = 40  # characters shown before the first match of a snippet
FOUND_MAX = 12  # matches marked in one text, and looked at to choose the stretch
ELLIPSIS = "…"
# Letters with accents as letters, where one character stays one.
_PLAIN = FOLDED | {
    code: base
    for code in range(0xC0, 0x250)
    if len(base := plain(chr(code))) == 1 and base.isascii()
}


class Fragment(NamedTuple):
    """A stretch of text, and whether it matches the query."""

    text: str
    is_match: bool


class Marker:
    """Finds the words of a query in a text without segmenting the text again.

    A Chinese term matches wherever it stands; another word by its stem.
    """

    def __init__(self, terms: Iterable[str], beginnings: Iterable[str] = ()) -> None:
        """Mark words that are *terms* or start with one of *beginnings*."""
        self._terms = frozenset(terms)
        self._beginnings = tuple(beginnings)
        self._pattern = _pattern({*self._terms, *self._beginnings})

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the first FOUND_MAX words match, joined where they touch."""
        found: list[tuple[int, int]] = []
        if self._pattern is None:
            return found
        candidates = self._pattern.finditer(text.translate(_PLAIN))
        for match in islice(filter(self._is_meant, candidates), FOUND_MAX):
            start, end = match.span()
            if found and start <= found[-1][1]:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return found

    def _is_meant(self, match: re.Match[str]) -> bool:
        """Tell whether a word that starts like a term is one."""
        if match["han"]:
            return True
        term = normal(match[0])
        return term in self._terms or (
            term.startswith(self._beginnings)
            or plain(match[0]).startswith(self._beginnings)
        )


def _pattern(terms: set[str]) -> re.Pattern[str] | None:
    """Return what finds Chinese *terms*, and words that start like the others.

    Two letters, since a stem may differ from its words in the third: flying, fli.
    """
    han = sorted(filter(is_han, terms), key=len, reverse=True)
    starts = sorted({term[:2] for term in terms if term and not is_han(term)})
    choices = []
    if han:
        choices.append(f"(?P<han>{'|'.join(map(re.escape, han))})")
    else:
        choices.append("(?P<han>(?!))")
    if starts:
        words = "|".join(map(re.escape, starts))
        choices.append(f"(?<!{LETTER})(?:{words}){LETTER}*")
    return re.compile("|".join(choices), re.IGNORECASE) if terms else None


def title(text: str, marker: Marker) -> tuple[Fragment, ...]:
    """Return the whole of *text* in fragments."""
    return _cut(text, 0, len(text), marker.spans(text))


def snippet(texts: Sequence[str], marker: Marker) -> tuple[Fragment, ...]:
    """Return a stretch of the first of *texts* that matches, or of the first at all."""
    for text in texts:
        if found := marker.spans(text):
            first = _densest(found)
            start = max(0, first - LEAD) if first > SNIPPET_MAX - LEAD else 0
            return _cut(text, start, min(len(text), start + SNIPPET_MAX), found)
    text = next(filter(None, texts), "")
    return _cut(text, 0, min(len(text), SNIPPET_MAX), [])


def _densest(found: list[tuple[int, int]]) -> int:
    """Return the start of the span from which a snippet shows most matches."""
    width = SNIPPET_MAX - LEAD
    starts = [start for start, _ in found]

    def shown(first: int) -> int:
        return sum(first <= start < first + width for start in starts)

    return max(starts, key=shown)


def _cut(
    text: str, start: int, end: int, found: list[tuple[int, int]]
) -> tuple[Fragment, ...]:
    """Return *text* from *start* to *end* in fragments, marked by the spans *found*."""
    pieces = [(ELLIPSIS, False)] if start else []
    at = start
    for begins, ends in found:
        low, high = max(begins, at), min(ends, end)
        if low < high:
            pieces += [(text[at:low], False), (text[low:high], True)]
            at = high
    pieces += [(text[at:end], False)]
    if end < len(text):
        pieces.append((ELLIPSIS, False))
    return tuple(Fragment(*piece) for piece in pieces if piece[0])
