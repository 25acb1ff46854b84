"""Merkle trees: every proof holds, no changed proof does, and the files agree."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement import merkle
from settlement.tiles import WIDTH, Tiles, name

SIZES = st.integers(1, 70)


def naive_root(leaves):
    """RFC 6962 § 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    halves = naive_root(leaves[:k]) + naive_root(leaves[k:])
    return hashlib.sha256(b"\1" + halves).digest()


def leaves_of(count):
    return [b"%d" % n for n in range(count)]


class Naive:
    """A tree that computes everything anew."""

    def __init__(self, count):
        self.leaves = leaves_of(count)

    def hash(self, level, index):
        end = (index + 1) << level
        assert end <= len(self.leaves)
        return naive_root(self.leaves[index << level : end])


@given(SIZES)
def test_the_root_is_that_of_the_rfc_at_every_size(count):
    frontier = merkle.Frontier()
    for size, data in enumerate(leaves_of(count), start=1):
        frontier.append(merkle.leaf(data))
        assert frontier.root() == naive_root(leaves_of(size))
    assert merkle.root(Naive(count), 0, count) == frontier.root()
    assert merkle.Frontier().root() == naive_root([])


@given(SIZES, st.data())
def test_a_leaf_is_proven_and_nothing_else_is(count, data):
    index = data.draw(st.integers(0, count - 1))
    tree, root = Naive(count), naive_root(leaves_of(count))
    path = merkle.inclusion(tree, index, count)
    leaf = merkle.leaf(b"%d" % index)
    assert merkle.includes(leaf, index, count, path, root)
    assert not merkle.includes(merkle.leaf(b"x"), index, count, path, root)
    assert not merkle.includes(leaf, index, count, path, bytes(32))
    assert not merkle.includes(leaf, index, count, [*path, bytes(32)], root)
    assert not path or not merkle.includes(leaf, index, count, path[:-1], root)
    assert not merkle.includes(leaf, count, count, path, root)
    for other in {0, count // 2, count - 1} - {index}:
        assert not merkle.includes(leaf, other, count, path, root)
    for place in range(len(path)):
        wrong = [*path]
        wrong[place] = bytes(byte ^ (not n) for n, byte in enumerate(path[place]))
        assert not merkle.includes(leaf, index, count, wrong, root)


@given(SIZES, st.data())
def test_a_later_tree_is_proven_to_begin_with_an_earlier_one(new, data):
    old = data.draw(st.integers(1, new))
    roots = naive_root(leaves_of(old)), naive_root(leaves_of(new))
    proof = merkle.consistency(Naive(new), old, new)
    assert merkle.extends(old, new, proof, *roots)
    assert not merkle.extends(old, new, proof, bytes(32), roots[1])
    assert not merkle.extends(old, new, proof, roots[0], bytes(32))
    assert not merkle.extends(old, new, [*proof, bytes(32)], *roots)
    if proof:
        assert not merkle.extends(old, new, proof[:-1], *roots)
        assert not merkle.extends(old, new, [bytes(32), *proof[1:]], *roots)


@given(st.lists(st.integers(0, 700), max_size=5))
def test_the_files_agree_whatever_is_appended_together(tmp_path_factory, parts):
    directory = tmp_path_factory.mktemp("tiles")
    tiles, frontier, hashes = Tiles(directory, 0), merkle.Frontier(), []
    for part in parts:
        fresh = [merkle.leaf(b"%d" % n) for n in range(tiles.size, tiles.size + part)]
        torn = Tiles(directory, tiles.size)  # stopped before its size was kept
        torn.append(fresh[: part // 2])
        tiles.append(fresh)
        hashes += fresh
        for one in fresh:
            frontier.append(one)
        assert merkle.root(tiles, 0, tiles.size) == frontier.root()
    assert tiles.size == len(hashes)
    for number in range(-(-len(hashes) // WIDTH)):
        part = hashes[number * WIDTH : (number + 1) * WIDTH]
        width = "" if len(part) == WIDTH else f".p/{len(part)}"
        assert tiles.tile(0, name(number) + width) == b"".join(part)
        assert tiles.tile(0, f"{name(number)}.p/{len(part) + 1}") is None


@pytest.mark.parametrize(
    "place", ["", "0", "1000", "x001", "000.p/0", "../../x", "x000/000"]
)
def test_no_other_path_is_a_tile(tmp_path, place):
    tiles = Tiles(tmp_path, 0)
    tiles.append([merkle.leaf(b"")])
    assert tiles.tile(0, place) is None
    assert tiles.tile(0, "000.p/1") == merkle.leaf(b"")
    assert tiles.tile(9, "000.p/1") is None


def test_numbers_are_written_in_groups_of_three():
    assert [name(n) for n in (0, 999, 1_000, 1_234_067)] == [
        "000", "999", "x001/000", "x001/x234/067",
    ]  # fmt: skip
