"""Matching words in a text, as plain fragments: the page escapes and marks them."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from listings.search.segment import words

SNIPPET_MAX = 180  # characters
LEAD = 40  # characters shown before the first match of a snippet
FOUND_MAX = 12  # matches marked in one text, and looked at to choose the stretch
ELLIPSIS = "…"

Test = Callable[[str], bool]  # whether a term matches


class Fragment(NamedTuple):
    """A stretch of text, and whether it matches the query."""

    text: str
    is_match: bool


def spans(text: str, is_match: Test) -> list[tuple[int, int]]:
    """Return where the first FOUND_MAX words match, joined where they touch."""
    found: list[tuple[int, int]] = []
    matching = (token for token in words(text) if is_match(token.term))
    for _, start, end, _ in islice(matching, FOUND_MAX):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def title(text: str, is_match: Test) -> tuple[Fragment, ...]:
    """Return the whole of *text* in fragments."""
    return _cut(text, 0, len(text), spans(text, is_match))


def snippet(texts: Sequence[str], is_match: Test) -> tuple[Fragment, ...]:
    """Return a stretch of the first of *texts* that matches, or of the first at all."""
    for text in texts:
        if found := spans(text, is_match):
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
