"""What differs: two licences clause by clause, two descriptions field by field."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from listings.licences import Licence, Terms

CLAUSES_MAX = 200  # of a text; the rest counts as one clause
CLAUSE_MAX = 4_000  # characters that are compared word by word, else line by line
LINES_MAX = 2_000  # that are compared; a longer text counts as replaced
_HEAD = re.compile(
    r"^\s*(?:[一二三四五六七八九十]+、|\d{1,3}\.)\s*([^。.]{1,40})[。.]\s*(.*)$"
)
# Chinese is compared by characters, other scripts by words.
_TOKENS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+|\s+")


class Part(NamedTuple):
    """A stretch of a clause: in both texts, only in the first, only in the second."""

    change: str  # same, removed, added
    text: str


class Difference(NamedTuple):
    """One clause of either licence."""

    heading: str
    change: str  # same, changed, removed, added
    parts: tuple[Part, ...]


class Fact(NamedTuple):
    """A fact of the terms that is not the same."""

    name: str  # a field of Terms
    before: Any
    after: Any


def clauses(text: str) -> dict[str, str]:
    """Return the clauses of a text by heading; lines without one by their place."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _HEAD.match(line)
        heading = match[1].strip() if match else f"§ {number}"
        if len(found) >= CLAUSES_MAX:
            heading = next(reversed(found))
        said = match[2] if match else line
        if said.strip():
            found[heading] = f"{found[heading]}\n{said}" if heading in found else said
    return found


def between(one: Licence, other: Licence, language: str) -> list[Difference]:
    """Return the clauses of two licences side by side, in the order of the second."""
    texts = [
        clauses(found.text_zh if language == "zh" else found.text_en)
        for found in (one, other)
    ]
    before, after = texts
    order = [*after, *(heading for heading in before if heading not in after)]
    return [_compare(h, before.get(h), after.get(h)) for h in order]


def facts_between(one: Terms | None, other: Terms | None) -> list[Fact]:
    """Return the facts in which two licences differ; none where one has no facts."""
    if one is None or other is None:
        return []
    return [
        Fact(name, before, after)
        for name, before, after in zip(Terms._fields, one, other, strict=True)
        if _plain(before) != _plain(after)
    ]


def _plain(value: Any) -> Any:
    """Return a value without the order of its items, which means nothing."""
    return set(value) if isinstance(value, tuple) else value


def _compare(heading: str, before: str | None, after: str | None) -> Difference:
    if before is None:
        return Difference(heading, "added", (Part("added", after or ""),))
    if after is None:
        return Difference(heading, "removed", (Part("removed", before),))
    if before == after:
        return Difference(heading, "same", (Part("same", after),))
    return Difference(heading, "changed", word_by_word(before, after))


def texts_between(
    before: Mapping[str, str], after: Mapping[str, str]
) -> list[Difference]:
    """Return the fields whose texts differ, in their order, under their names."""
    fields = dict.fromkeys([*before, *after])
    pairs = ((f, before.get(f, ""), after.get(f, "")) for f in fields)
    return [
        _compare(f, one or None, two or None) for f, one, two in pairs if one != two
    ]


def word_by_word(before: str, after: str) -> tuple[Part, ...]:
    """Return two texts as one, what only one of them says marked.

    A text beyond CLAUSE_MAX characters is compared line by line, one beyond LINES_MAX
    lines as a whole.
    """
    if max(len(before), len(after)) <= CLAUSE_MAX:
        return _parts(_TOKENS.findall(before), _TOKENS.findall(after))
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(map(len, lines)) > LINES_MAX:
        return Part("removed", before), Part("added", after)
    return _parts(*lines)


def _parts(one: list[str], other: list[str]) -> tuple[Part, ...]:
    found: list[Part] = []
    for tag, a, b, c, d in SequenceMatcher(
        None, one, other, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            found.append(Part("same", "".join(one[a:b])))
            continue
        if a != b:
            found.append(Part("removed", "".join(one[a:b])))
        if c != d:
            found.append(Part("added", "".join(other[c:d])))
    return tuple(found)
