"""Facts and postings as bytes: whole arrays, each as narrow as its numbers allow.

Every engine keeps these bytes. Reading a term that 500,000 listings have takes 1 MB
and 1 ms; as pickled lists, or as hexadecimal text, it took twenty times that.
"""

import json
from collections.abc import Sequence
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from listings.search.entry import Facet
from listings.search.shelf import Array, Coded, Columns, Postings, Turns

_LENGTH = Struct("<Q")
_TYPES: dict[int, Any] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class Posting(NamedTuple):
    """One term's listings, weights, numbers of turns and turns, packed."""

    numbers: bytes
    weights: bytes
    counts: bytes
    turns: bytes


NOTHING = Posting(b"", b"", b"", b"")


def packed(values: Array) -> bytes:
    """Return *values*, whole and not negative, after a byte that tells their width."""
    if not len(values):
        return b""
    highest = int(values.max())
    width = 1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4
    narrow: Array = values.astype(_TYPES[width])
    return bytes((width,)) + narrow.tobytes()


def unpacked(data: bytes) -> Array:
    """Return the values that `packed` made *data* of."""
    return np.frombuffer(data, _TYPES[data[0]], offset=1) if data else np.zeros(0, "u1")


def posting(numbers: Array, weights: Array, counts: Array, turns: Array) -> Posting:
    """Return a term packed; its ascending *numbers* as the steps between them."""
    steps = np.diff(numbers.astype(np.int64), prepend=0)
    return Posting(packed(steps), packed(weights), packed(counts), packed(turns))


def numbers(data: bytes) -> Array:
    """Return the numbers of the listings in a posting, ascending."""
    return np.cumsum(unpacked(data), dtype=np.uint32)


def postings_of(packed_numbers: bytes, packed_weights: bytes) -> Postings:
    """Return the listings that have a term, and its weights."""
    return Postings(numbers(packed_numbers), unpacked(packed_weights))


def turns_of(packed_numbers: bytes, counts: bytes, turns: bytes) -> Turns:
    """Return where a term stands."""
    return Turns(numbers(packed_numbers), unpacked(counts), unpacked(turns))


def joined(parts: Sequence[bytes]) -> bytes:
    """Return *parts* in one, each after its length."""
    return b"".join(
        piece for part in parts for piece in (_LENGTH.pack(len(part)), part)
    )


def apart(data: bytes) -> list[bytes]:
    """Return what `joined` joined."""
    found, at = [], 0
    while at < len(data):
        start = at + _LENGTH.size
        (length,) = _LENGTH.unpack_from(data, at)
        found.append(data[start : start + length])
        at = start + length
    return found


def packed_columns(columns: Columns) -> bytes:
    """Return the facts of many listings."""
    coded = [columns.facets[facet] for facet in Facet]
    names = {"values": [each.values for each in coded], "vendors": columns.vendors}
    return joined(
        [
            json.dumps(names).encode(),
            columns.ids.tobytes(),
            columns.listed_us.tobytes(),
            columns.prices.tobytes(),
            columns.lengths.tobytes(),
            *(packed(each.codes) for each in coded),
        ]
    )


def unpacked_columns(data: bytes) -> Columns:
    """Return the facts that `packed_columns` made *data* of."""
    names, ids, listed_us, prices, lengths, *coded = apart(data)
    known = json.loads(names)
    facets = zip(Facet, known["values"], coded, strict=True)
    return Columns(
        np.frombuffer(ids, np.int64),
        np.frombuffer(listed_us, np.int64),
        np.frombuffer(prices, np.int64),
        np.frombuffer(lengths, np.float32),
        {facet: Coded(values, unpacked(codes)) for facet, values, codes in facets},
        {code: (zh, en) for code, (zh, en) in known["vendors"].items()},
    )
