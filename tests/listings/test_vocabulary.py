"""The codes have names in both languages, and no code has two meanings."""

import pytest

from listings import vocabulary
from listings.vocabulary import PROVINCES, SECTORS, regions


def test_there_are_twelve_sectors_and_34_divisions_of_china():
    assert len(SECTORS) == 12
    assert len(PROVINCES) == 34


def test_a_place_has_one_code():
    assert not {"TW", "HK", "MO"} & regions().keys()
    assert regions()["71"].zh == "台湾"
    assert list(regions())[:2] == ["world", "CN"]


@pytest.mark.parametrize(
    "codes",
    [
        *(vocabulary.CLASSES, vocabulary.SECTORS, vocabulary.UPDATES),
        *(vocabulary.MODES, regions()),
    ],
)
def test_every_code_has_two_names(codes):
    assert all(name.zh and name.en for name in codes.values())


def test_an_unknown_code_shows_itself():
    assert vocabulary.name(SECTORS, "healthcare", "en") == "Healthcare"
    assert vocabulary.name(SECTORS, "healthcare", "zh") == "医疗健康"
    assert vocabulary.name(SECTORS, None, "zh") == ""
    assert vocabulary.name(SECTORS, "new-one", "zh") == "new-one"
