"""Words that mean the same, in both languages: `synonyms.txt` beside this file."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from listings.search.segment import Token, is_han, segment

FILE = "synonyms.txt"
Terms = tuple[str, ...]
Phrase = tuple[tuple[str, int], ...]  # terms at their distances, in turns


class Meaning(NamedTuple):
    """Tokens of a query that mean something known, and the other ways to say it."""

    tokens: tuple[Token, ...]
    others: tuple[Phrase, ...]


class Thesaurus(NamedTuple):
    """The groups of the file by the terms of each of their words."""

    groups: dict[Terms, tuple[Phrase, ...]]
    words: tuple[str, ...]
    longest: int


def covering(tokens: Sequence[Token]) -> list[Token]:
    """Return *tokens* without those that shorter ones inside make up.

    The shorter ones are enough: 证券交易 is found inside 证券交易所, of which the index
    holds 证券 and 交易 but not 证券交易.
    """
    return [token for token in tokens if not is_made_of_others(token, tokens)]


def is_made_of_others(token: Token, others: Sequence[Token]) -> bool:
    """Tell whether shorter words inside *token* cover all of it."""
    covered = {
        at
        for other in others
        if other.start >= token.start
        and other.end <= token.end
        and other.end - other.start < token.end - token.start
        for at in range(other.start, other.end)
    }
    return len(covered) == token.end - token.start


@cache
def thesaurus() -> Thesaurus:
    """Return the file, read once."""
    groups: dict[Terms, tuple[Phrase, ...]] = {}
    words: list[str] = []
    text = files(__package__).joinpath(FILE).read_text("utf-8")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            group = [word.strip() for word in line.split("|")]
            words += group
            every = tuple(dict.fromkeys(phrase_of(covering(segment(w))) for w in group))
            for phrase in every:
                terms = tuple(term for term, _ in phrase)
                known = groups.get(terms, ())
                groups[terms] = tuple(dict.fromkeys((*known, *every)))
    return Thesaurus(groups, tuple(words), max(map(len, groups)))


def phrase_of(tokens: Sequence[Token]) -> Phrase:
    """Return the terms of *tokens* at their distances from the first."""
    return tuple((token.term, token.turn - tokens[0].turn) for token in tokens)


def meanings(text: str, tokens: Sequence[Token]) -> list[Meaning]:
    """Return what is known among *tokens* of *text*, the longest from each place on."""
    known = thesaurus()
    words = covering(tokens)
    found = []
    at = 0
    while at < len(words):
        for length in range(min(known.longest, len(words) - at), 0, -1):
            terms = tuple(token.term for token in words[at : at + length])
            others = known.groups.get(terms)
            if others and _is_meant(text, words[at : at + length]):
                said = tuple(o for o in others if tuple(t for t, _ in o) != terms)
                found.append(Meaning(tuple(words[at : at + length]), said))
                at += length
                break
        else:
            at += 1
    return found


def _is_meant(text: str, tokens: Sequence[Token]) -> bool:
    """Tell whether *tokens* may be read so: one character only if it stands alone."""
    first, last = tokens[0], tokens[-1]
    if last.end - first.start > 1 or not is_han(first.term):
        return True
    around = text[max(0, first.start - 1) : first.start] + text[last.end : last.end + 1]
    return not around.strip()
