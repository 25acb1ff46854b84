"""Merkle trees as RFC 6962 § 2.1 has them: roots, and short proofs about them.

A leaf's hash is SHA-256 over a zero byte and its data, a node's over a one byte and the
hashes of its two halves, of which the left has as many leaves as the largest power of
two below their number. Hashes are 32 bytes; leaves are counted from 0.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

HASH = 32  # bytes
EMPTY = hashlib.sha256().digest()  # the root of no leaves


class Subtrees(Protocol):
    """Knows the roots of the complete subtrees of a tree."""

    def hash(self, level: int, index: int) -> bytes:
        """Return the root over leaves ``index << level`` to the next such number."""


def leaf(data: bytes) -> bytes:
    """Return the hash of a leaf with this *data*."""
    return hashlib.sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two roots."""
    return hashlib.sha256(b"\1" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of neighbouring roots."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [node(left, right) for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


class Frontier:
    """The roots that a growing tree is made of: enough for its root at any moment."""

    def __init__(self) -> None:
        """Begin with no leaves."""
        self.size = 0
        self._roots: list[bytes] = []  # the largest subtree first

    def append(self, leaf_hash: bytes) -> None:
        """Add a leaf, by its hash."""
        self.size += 1
        done, grown = self.size, leaf_hash
        while done % 2 == 0:
            grown = node(self._roots.pop(), grown)
            done //= 2
        self._roots.append(grown)

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._roots:
            return EMPTY
        *larger, found = self._roots
        for one in reversed(larger):
            found = node(one, found)
        return found


def root(tree: Subtrees, first: int, end: int) -> bytes:
    """Return the root over the leaves *first* to *end* (not included) of *tree*.

    *first* must be a multiple of the smallest power of two that is not below their
    number, as it is for every part that RFC 6962 splits a tree into.
    """
    size = end - first
    if size == 0:
        return EMPTY
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return tree.hash(level, first >> level)
    middle = first + _left(size)
    return node(root(tree, first, middle), root(tree, middle, end))


def inclusion(tree: Subtrees, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf *index* in the first *size* leaves (§ 2.1.1)."""
    assert 0 <= index < size, (index, size)
    path: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _left(end - first)
        if index < middle:
            path.append(root(tree, middle, end))
            end = middle
        else:
            path.append(root(tree, first, middle))
            first = middle
    return path[::-1]


def consistency(tree: Subtrees, old: int, new: int) -> list[bytes]:
    """Return the proof that the first *old* leaves begin the first *new* (§ 2.1.2)."""
    assert 0 < old <= new, (old, new)
    proof: list[bytes] = []
    first, end, whole = 0, new, True
    while old != end:
        middle = first + _left(end - first)
        if old <= middle:
            proof.append(root(tree, middle, end))
            end = middle
        else:
            proof.append(root(tree, first, middle))
            first, whole = middle, False
    return proof[::-1] if whole else [root(tree, first, end), *proof[::-1]]


def includes(
    leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], against: bytes
) -> bool:
    """Tell whether *path* proves leaf *index* in the tree of *size* with that root.

    The algorithm is RFC 9162 § 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node(sibling, found)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == against


def extends(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether *proof* shows that the tree of size *new* only adds to *old*.

    The algorithm is RFC 9162 § 2.1.4.2.
    """
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new or not proof:
        return False
    steps = _with_the_old_root(old, proof, old_root)
    at, last = old - 1, new - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    was = now = next(steps)
    for step in steps:
        if last == 0:
            return False
        if at % 2 or at == last:
            was, now = node(step, was), node(step, now)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            now = node(now, step)
        at, last = at >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


def _with_the_old_root(
    old: int, proof: Sequence[bytes], old_root: bytes
) -> Iterator[bytes]:
    """Yield the proof; a complete old tree is part of it without being said."""
    if old & (old - 1) == 0:
        yield old_root
    yield from proof


def _left(size: int) -> int:
    """Return the largest power of two below *size*."""
    return 1 << ((size - 1).bit_length() - 1)
