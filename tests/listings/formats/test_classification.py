"""Sectors and regions by rules."""

import pytest

from listings.formats.classification import (
    SECTOR_OF,
    country,
    division,
    only,
    sector_of,
)
from listings.vocabulary import SECTORS


def test_the_rules_name_known_sectors_and_each_of_them():
    assert set(SECTOR_OF.values()) == SECTORS.keys()


@pytest.mark.parametrize(
    ("tags", "sector"),
    [
        (["finance", "banking", "health"], "financial-services"),
        (["Disaster Response"], "emergency-management"),
        (["health", "finance"], "healthcare"),  # equals: the first
        (["cog", "aws-pds"], None),
        ([], None),
    ],
)
def test_most_tags_decide_the_sector(tags, sector):
    assert sector_of(tags) == sector


def test_places_of_china_have_their_division():
    assert country("HK") == "81"
    assert country("cn") == "CN"
    assert country("QQ") is None
    assert division("深圳市统计局") == "44"
    assert division("内蒙古自治区统计局") == "15"
    assert division("黄河水利委员会") is None


def test_several_regions_are_none():
    assert only(["US", None, "US"]) == "US"
    assert only(["US", "CA"]) is None
    assert only([]) is None
