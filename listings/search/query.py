"""What was asked: words, "phrases" and beginnings*, within limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from listings.search.entry import Facet
from listings.search.segment import Token, is_han, plain, segment
from listings.search.synonyms import Phrase, is_made_of_others, meanings, phrase_of
from settlement.errors import Refusal

LENGTH_MAX = 200  # characters; reliability F8
WORDS_MAX = 20  # as typed, and of a phrase
TERMS_MAX = 60  # after segmentation: Chinese has no blanks to count
PREFIX_MIN = 3  # letters before the star
BEGINNINGS_MAX = 5  # in one query: each stands for many terms
PAGE_SIZE = 20
PAGE_SIZE_MAX = 100
PAGE_MAX = 100
VALUES_MAX = 50  # chosen in one facet

# Never required: they are in nearly every text, or missing by chance.
STOP = frozenset(
    {"a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "into", "is"}
    | {"it", "its", "of", "on", "or", "that", "the", "thi", "this", "to", "was"}
    | {"were", "will", "with", "的", "了", "和", "与", "及", "或", "在", "是", "等"}
)
_WORD = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTED = re.compile(r'"([^"]*)"?|([^"]+)')


@dataclass(eq=False)
class QueryTooLong(Refusal):
    """The query is too long; use fewer words."""

    length: int
    limit: int


@dataclass(eq=False)
class TooManyTerms(Refusal):
    """The query has too many words; use fewer."""

    count: int
    limit: int


@dataclass(eq=False)
class PageTooFar(Refusal):
    """Nobody reads that far; narrow the search instead."""

    page: int
    limit: int


@dataclass(eq=False)
class TooManyValues(Refusal):
    """Too many values are chosen in one filter."""

    facet: str
    count: int
    limit: int


class Sort(StrEnum):
    """The order of hits; ties and empty queries go by newest."""

    RELEVANCE = "relevance"
    CHEAPEST = "price"
    DEAREST = "-price"
    NEWEST = "newest"


class Query(NamedTuple):
    """A question to the index; the filters of one facet widen, of several narrow."""

    text: str = ""
    filters: Mapping[Facet, frozenset[str]] = {}
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    page_size: int = PAGE_SIZE
    language: Literal["zh", "en"] = "zh"
    since_us: int = 0  # only what was listed later


class Clause(NamedTuple):
    """One condition: a phrase or one that means the same, or the beginnings of a term.

    A clause that is not required only raises the score.
    """

    terms: Phrase
    required: bool = True
    is_prefix: bool = False
    others: tuple[Phrase, ...] = ()

    @property
    def is_lone(self) -> bool:
        """Whether it is one Chinese character that no other stands beside."""
        return self.is_prefix and all(len(term) == 1 for term, _ in self.terms)


def check(query: Query) -> None:
    """Refuse a *query* beyond the limits: PageTooFar, TooManyValues, QueryTooLong."""
    if len(query.text) > LENGTH_MAX:
        raise QueryTooLong(len(query.text), LENGTH_MAX)
    if not 1 <= query.page <= PAGE_MAX:
        raise PageTooFar(query.page, PAGE_MAX)
    assert 1 <= query.page_size <= PAGE_SIZE_MAX, query.page_size
    for facet, values in query.filters.items():
        if len(values) > VALUES_MAX:
            raise TooManyValues(facet.value, len(values), VALUES_MAX)


def parse(text: str) -> tuple[Clause, ...]:
    """Return the conditions in *text*, each once.

    Quotes make phrases, a star after three letters finds what begins so; all other
    signs only separate words. Outside quotes a word also stands for those that mean
    the same. QueryTooLong, TooManyTerms beyond the limits.
    """
    if len(text) > LENGTH_MAX:
        raise QueryTooLong(len(text), LENGTH_MAX)
    words = _WORD.findall(text)
    if len(words) > WORDS_MAX:
        raise TooManyTerms(len(words), WORDS_MAX)
    clauses: dict[Clause, None] = {}
    for phrase, plain_text in _QUOTED.findall(text):
        found = _phrase(segment(phrase)) if phrase else _stretch(plain_text)
        clauses.update(dict.fromkeys(found))
    terms = sum(len(clause.terms) for clause in clauses)
    if terms > TERMS_MAX:
        raise TooManyTerms(terms, TERMS_MAX)
    beginnings = sum(clause.is_prefix for clause in clauses)
    if beginnings > BEGINNINGS_MAX:
        raise TooManyTerms(beginnings, BEGINNINGS_MAX)
    return _with_something_required(tuple(clauses))


def _with_something_required(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Require the stop words too if there is nothing else."""
    if any(clause.required for clause in clauses):
        return clauses
    return tuple(clause._replace(required=True) for clause in clauses)


def _phrase(tokens: list[Token]) -> Iterator[Clause]:
    if tokens:
        yield Clause(phrase_of(tokens))


def _stretch(text: str) -> Iterator[Clause]:
    """Yield the conditions of words without quotes: known meanings, then the rest."""
    tokens = segment(text)
    known = {}
    for tokens_of, others in meanings(text, tokens):
        first = tokens_of[0]
        place = first.start, tokens_of[-1].end
        known[place] = Clause(phrase_of(tokens_of), others=others)
    for word in re.finditer(r"\S+", text):
        starred = word[0].endswith("*")
        for place, clause in known.items():
            if not starred and word.start() <= place[0] < word.end():
                yield clause
        yield from _clauses(
            word[0],
            [] if starred else [(a - word.start(), b - word.start()) for a, b in known],
        )


def _clauses(word: str, known: Sequence[tuple[int, int]]) -> Iterator[Clause]:
    """Yield the conditions of one *word* as typed, which may be a Chinese sentence.

    Of its tokens inside a place that is *known* already, only a longer word that they
    make up is left, as a wish.
    """
    tokens = segment(word)
    starred = word.endswith("*") and bool(tokens)
    if starred and (tokens[-1].end - tokens[-1].start >= PREFIX_MIN):
        last = tokens.pop()
        start = plain(word[last.start : last.end])
        yield Clause(((start, 0), (last.term, 0)), is_prefix=True)
    left = [
        token
        for token in tokens
        if is_made_of_others(token, tokens)
        or not any(a <= token.start and token.end <= b for a, b in known)
    ]
    for run in _runs(left):
        if len(run) > 1:
            yield from _phrase(run)
        else:
            yield _single(run[0], tokens)


def _single(token: Token, others: list[Token]) -> Clause:
    """Return the condition of one word; a lone character may begin a longer one."""
    required = token.term not in STOP and not is_made_of_others(token, others)
    lone = len(token.term) == 1 and is_han(token.term) and required
    return Clause(((token.term, 0),), required, is_prefix=lone)


def _runs(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the tokens, joined where they only make sense side by side.

    That is the parts of "COVID-19", and single characters in a row: a Chinese word
    that the dictionary does not know.
    """
    run: list[Token] = []
    for token in tokens:
        near = run and token.turn - run[-1].turn <= 1
        if run and not (near and _is_part(run[-1]) and _is_part(token)):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _is_part(token: Token) -> bool:
    return token.end - token.start == 1 or not is_han(token.term)
