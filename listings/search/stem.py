"""English inflections and the steps of Porter's stemmer that undo them.

M. F. Porter, "An algorithm for suffix stripping", Program 14 (1980): steps 1a, 1b,
1c and 5a. The other steps join words of different meaning, which a catalogue of
technical names does not want.
"""

import re
from functools import lru_cache

STEMMED_MIN = 4  # letters; shorter words are mostly codes and names: AWS, GIS, gas
CACHED_MAX = 50_000
# No plurals: what they would become is another word (SAR, radar; aid; new; custom).
WHOLE = frozenset({"aids", "customs", "news", "sars"})

_CONSONANT = "(?:[^aeiouy]|(?<![^aeiou])y)"
_VOWEL = "(?:[aeiou]|(?<=[^aeiou])y)"
_HAS_VOWEL = re.compile(_VOWEL)
_SYLLABLE = re.compile(f"{_VOWEL}+{_CONSONANT}+")
_SHORT = re.compile(f"{_CONSONANT}{_VOWEL}[^aeiouwxy]$")


@lru_cache(CACHED_MAX)
def stem(word: str) -> str:
    """Return the stem of a lower-case *word*; what is not plain English stays."""
    if len(word) < STEMMED_MIN or not (word.isascii() and word.isalpha()):
        return word
    if word in WHOLE:
        return word
    return _without_e(_y_to_i(_without_ed_ing(_singular(word))))


def _singular(word: str) -> str:
    """Undo the plural (step 1a)."""
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _without_ed_ing(word: str) -> str:
    """Undo -ed and -ing, and mend what is left (step 1b)."""
    if word.endswith("eed"):
        return word[:-1] if _syllables(word[:-3]) else word
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest != word and _HAS_VOWEL.search(rest):
            return _mended(rest)
    return word


def _mended(rest: str) -> str:
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if len(rest) > 1 and rest[-1] == rest[-2] and rest[-1] not in "aeioulsz":
        return rest[:-1]
    if _syllables(rest) == 1 and _SHORT.search(rest):
        return rest + "e"
    return rest


def _y_to_i(word: str) -> str:
    """Let "library" and "libraries" meet, "day" and "days" too (1c as in Porter 2)."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "i"
    return word


def _without_e(word: str) -> str:
    """Drop a last -e (step 5a)."""
    rest = word.removesuffix("e")
    if rest == word:
        return word
    syllables = _syllables(rest)
    if syllables > 1 or (syllables == 1 and not _SHORT.search(rest)):
        return rest
    return word


def _syllables(word: str) -> int:
    """Return Porter's measure m: the times a vowel run is followed by consonants."""
    return len(_SYLLABLE.findall(word))
