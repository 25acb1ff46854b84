"""What an answer found: the vendor's rule of a hit, and how many records it has.

A call is counted if the service answered it otherwise than with 429 or 5xx. It is a hit
if the status is 2xx and the vendor's pointer (RFC 6901) leads to something: not null,
false, zero or empty. The records are those of the list it leads to; else a hit is one.
"""

import json
from typing import Any

BODY_MAX = 1024 * 1024  # bytes that are looked at
COUNTED = range(200, 500)
TOO_MANY = 429
FOUND = range(200, 300)


def is_counted(status: int) -> bool:
    """Tell whether a call with this answer counts."""
    return status in COUNTED and status != TOO_MANY


def found(status: int, body: bytes | None, pointer: str) -> tuple[int, int]:
    """Return (hit, records) of an answer; *body* is None if it was too long to read."""
    if status not in FOUND:
        return 0, 0
    if body is None or not pointer:
        return 1, _records(body)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return 0, 0
    value = at(value, pointer)
    if not value:
        return 0, 0
    return 1, len(value) if isinstance(value, list) else 1


def at(value: Any, pointer: str) -> Any:
    """Return what *pointer* leads to in *value*; None if nothing is there."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit():
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _records(body: bytes | None) -> int:
    """Return the records of a body without a pointer: of a list, all of them."""
    if body is None:
        return 1
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return 1
    return len(value) if isinstance(value, list) else 1
