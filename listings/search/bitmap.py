"""Sets of small numbers as the bits of one integer: fast to cut, join and count."""

from collections.abc import Iterable, Iterator
from itertools import compress

_FLAGS = bytes.maketrans(b"01", b"\x00\x01")


def of(numbers: Iterable[int], size: int) -> int:
    """Return the set of *numbers*, all below *size*."""
    flags = bytearray(size // 8 + 1)
    for number in numbers:
        flags[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(flags, "little")


def full(size: int) -> int:
    """Return the set of all numbers below *size*."""
    return (1 << size) - 1


def members(bits: int) -> Iterator[int]:
    """Yield the numbers in the set, ascending."""
    if not bits:  # the text of zero is "0", not ""
        return iter(())
    flags = format(bits, "b")[::-1].encode().translate(_FLAGS)
    return compress(range(len(flags)), flags)
