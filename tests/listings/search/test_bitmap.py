"""Sets of numbers as bits."""

from hypothesis import given
from hypothesis import strategies as st

from listings.search import bitmap

numbers = st.sets(st.integers(0, 300))


@given(numbers)
def test_a_set_gives_back_its_members_ascending(has):
    assert list(bitmap.members(bitmap.of(has, 301))) == sorted(has)


@given(numbers, numbers)
def test_cutting_and_joining_are_those_of_sets(one, other):
    left, right = bitmap.of(one, 301), bitmap.of(other, 301)
    assert set(bitmap.members(left & right)) == one & other
    assert set(bitmap.members(left | right)) == one | other
    assert (left & ~right).bit_count() == len(one - other)


def test_the_full_set_has_all():
    assert list(bitmap.members(bitmap.full(5))) == [0, 1, 2, 3, 4]
    assert bitmap.full(0) == 0
