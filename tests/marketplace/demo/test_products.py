from collections import Counter

import pytest

from listings.standard import STANDARD
from listings.vocabulary import MODES, SECTORS, UPDATES, regions
from marketplace.demo.listing import symbol
from marketplace.demo.pack import PACK
from marketplace.demo.people import people
from marketplace.demo.places import places
from marketplace.demo.products import HONEST_EN, HONEST_ZH, products, staged

ALL = (*products(), *staged().values())
EVERY = pytest.mark.parametrize("product", ALL, ids=lambda one: one.code)


def is_chinese(text):
    return any("一" <= letter <= "鿿" for letter in text)


def test_there_are_sixty_products_and_five_in_every_sector():
    assert len(products()) >= 60
    sectors = Counter(product.sector for product in products())
    assert set(sectors) == set(SECTORS)
    assert min(sectors.values()) >= 5


def test_the_classes_are_mixed_about_as_a_market_mixes_them():
    kinds = Counter(product.kind for product in products())
    shares = {kind: kinds[kind] / len(products()) for kind in kinds}
    assert abs(shares["dataset"] - 0.45) < 0.05
    assert abs(shares["service"] - 0.35) < 0.05
    assert abs(shares["application"] - 0.20) < 0.05


@EVERY
def test_a_product_speaks_both_languages_and_is_honest(product):
    for zh, en in (product.title, product.summary, product.description):
        assert is_chinese(zh)
        assert not is_chinese(en)
        assert en.isprintable() or "\n\n" in en
    assert HONEST_ZH in product.description[0]
    assert HONEST_EN in product.description[1]
    assert any(is_chinese(word) for word in product.keywords)
    assert any(word.isascii() for word in product.keywords)
    for column in product.columns:
        assert is_chinese(column.zh) or column.zh.isascii()
        assert not is_chinese(column.en)


@EVERY
def test_a_product_uses_codes_that_the_market_knows(product):
    vendors = {person.key for person in people("vendor")}
    licences = {licence.code for licence in (*STANDARD, PACK)}
    assert product.vendor in vendors
    assert product.region in regions()
    assert product.updates in UPDATES
    assert places(product.region)
    assert product.sold
    for sold in product.sold:
        assert sold.licence in licences
        assert sold.mode in MODES
        assert (sold.price == 0) == (sold.mode == "free")
        assert sold.transferable == (sold.licence == PACK.code)


def test_symbols_and_codes_are_unique():
    symbols = [symbol(product, sold) for product in ALL for sold in product.sold]
    assert len(set(symbols)) == len(symbols)
    codes = [product.code for product in ALL]
    assert len(set(codes)) == len(codes)


def test_some_prices_are_in_every_currency_and_most_in_yuan():
    money = Counter(sold.currency for product in products() for sold in product.sold)
    assert set(money) == {"CNY", "USD", "EUR", "JPY"}
    assert money["CNY"] > 0.8 * money.total()
