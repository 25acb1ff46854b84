"""Arrow files as streams: without the footer, batches laid out as the format asks.

Some writers (Arrow's own JavaScript) leave a batch's lists unaligned, which the reader
refuses; such a description is written anew, values untouched. Layout after
Message.fbs and RecordBatch in the Arrow columnar format 1.x.
"""

import struct
from collections.abc import Iterator

MAGIC = b"ARROW1"
CONTINUES = 0xFFFFFFFF
RECORD_BATCH = 3  # of the kinds of a message
_VERSION, _KIND, _HEADER, _BODY = range(4)  # fields of a message
_LENGTH, _NODES, _BUFFERS, _COMPRESSION = range(4)  # fields of a batch
_PAIR = 16  # bytes of a node or a buffer


class Damaged(ValueError):
    """The bytes are no Arrow file."""


def footer_of(content: bytes) -> bytes:
    """Return the footer of a file; Damaged if it was cut off."""
    length = int.from_bytes(content[-10:-6], "little")
    if content[-6:] != MAGIC or length > len(content) - 18:
        raise Damaged
    return content[-10 - length : -10]


def stream_of(content: bytes) -> bytes:
    """Return what is in a file as a stream; Damaged if it is no such file."""
    end = len(content) - 10 - len(footer_of(content))
    try:
        return b"".join(_messages(content[8:end]))
    except struct.error:
        raise Damaged from None


def _messages(body: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(body):
        mark, length = struct.unpack_from("<II", body, at)
        if mark != CONTINUES or length > len(body) - at - 8:
            raise Damaged
        if length == 0:  # the end
            break
        said = body[at + 8 : at + 8 + length]
        at += 8 + length
        size = _body_length(said)
        if not 0 <= size <= len(body) - at:
            raise Damaged
        said = _aligned(said)
        yield struct.pack("<II", CONTINUES, len(said)) + said
        yield body[at : at + size]
        at += size
    yield struct.pack("<II", CONTINUES, 0)


def _field(said: bytes, table: int, number: int) -> int | None:
    """Return where a field of a table is; None if it has its default."""
    layout = table - struct.unpack_from("<i", said, table)[0]
    (size,) = struct.unpack_from("<H", said, layout)
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", said, layout + place)[0] if place < size else 0
    return table + offset if offset else None


def _follow(said: bytes, place: int | None) -> int:
    if place is None:
        raise Damaged
    there: int = place + struct.unpack_from("<I", said, place)[0]
    return there


def _body_length(said: bytes) -> int:
    place = _field(said, _follow(said, 0), _BODY)
    return 0 if place is None else int(struct.unpack_from("<q", said, place)[0])


def _pairs(said: bytes, place: int | None) -> bytes:
    """Return the bytes of a list of nodes or buffers."""
    there = _follow(said, place)
    (count,) = struct.unpack_from("<I", said, there)
    found = said[there + 4 : there + 4 + _PAIR * count]
    if len(found) != _PAIR * count:
        raise Damaged
    return found


def _aligned(said: bytes) -> bytes:
    """Return the description of a batch with its lists at multiples of eight."""
    message = _follow(said, 0)
    kind = _field(said, message, _KIND)
    if kind is None or said[kind] != RECORD_BATCH:
        return said
    batch = _follow(said, _field(said, message, _HEADER))
    if _field(said, batch, _COMPRESSION) is not None:
        return said
    version, length = _field(said, message, _VERSION), _field(said, batch, _LENGTH)
    nodes = _pairs(said, _field(said, batch, _NODES))
    buffers = _pairs(said, _field(said, batch, _BUFFERS))
    second = 76 + len(nodes)  # where the list of buffers begins
    return b"".join(
        (
            # the root; the message's layout; the message
            struct.pack("<I6H", 16, 12, 20, 16, 18, 4, 8),
            struct.pack("<iIqhBx", 12, 28, _body_length(said), *_said(said, version)),
            # the batch's layout, padded; the batch
            struct.pack("<5H2x", 10, 20, 8, 4, 16),
            struct.pack("<iI", 12, 16),
            said[length : length + 8] if length else bytes(8),
            struct.pack("<I", second - 64),
            struct.pack("<I", len(nodes) // _PAIR),
            nodes,
            struct.pack("<4xI", len(buffers) // _PAIR),
            buffers,
        )
    )


def _said(said: bytes, version: int | None) -> tuple[int, int]:
    found = struct.unpack_from("<h", said, version)[0] if version else 0
    return int(found), RECORD_BATCH
