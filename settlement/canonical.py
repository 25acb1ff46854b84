"""One way to write a value as text, so that equal values have equal hashes.

UTF-8 JSON, keys sorted, no blanks, integers only: what RFC 8785 gives for such values.
"""

import hashlib
import json
import re
from typing import Any

_ENCODE = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    sort_keys=True,
    allow_nan=False,
    check_circular=False,
).encode
SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(value: Any) -> str:
    """Return *value* (integers, text, lists, dicts, None, truth) as canonical JSON."""
    return _ENCODE(value)


def utf8(text: str) -> bytes:
    r"""Return JSON as bytes; half a character becomes its ``\udxxx`` escape."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def sha256_of(text: str) -> str:
    """Return the SHA-256 of *text* in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
