"""Texts that people write into commands: as they are, or sealed under a person's key.

What is sealed is opaque here: it is recorded, compared and replayed like any text, and
stays what it is when its key is destroyed. Who may read it is not the market's to know.
"""

import re

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL and UTF-8 have no such
SEALED = re.compile(r"sealed\.([1-9][0-9]{0,15})\.([A-Za-z0-9_-]+)", re.ASCII)
# A character is at most four bytes, and three bytes are four characters of Base64.
EACH_MAX, MORE_MAX = 6, 64


def seal_of(user: int, hidden: str) -> str:
    """Return the sealed text of a person, from its cipher text in Base64."""
    return f"sealed.{user}.{hidden}"


def fits(text: str, most: int) -> bool:
    """Tell whether a text can be recorded that may have *most* characters."""
    if SEALED.fullmatch(text):
        return len(text) <= EACH_MAX * most + MORE_MAX
    return len(text) <= most and not UNSTORABLE.search(text)
