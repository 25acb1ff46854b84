"""One way to write a value as text, so that equal values have equal hashes.

UTF-8 JSON, keys sorted, no blanks, integers only: what RFC 8785 gives for such values.
"""

import hashlib
import json
from typing import Any

_ENCODE = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    sort_keys=True,
    allow_nan=False,
    check_circular=False,
).encode


def canonical(value: Any) -> str:
    """Return *value* (integers, text, lists, dicts, None, truth) as canonical JSON."""
    return _ENCODE(value)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of *text* in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
