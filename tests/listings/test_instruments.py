"""Instruments: chosen by vendors, numbered from 1,000, found by symbol."""

import pytest

from listings import instruments, licences, products, standard
from listings.instruments import Unit
from listings.products import Facts
from settlement.errors import Invalid, NotFound


@pytest.fixture
def product(engine):
    with engine.begin() as db:
        licences.ensure(db, standard.STANDARD)
        return products.draft(db, 7, Facts("dataset", title_en="Rates"), by=5)


def test_numbers_begin_above_the_money(engine, product):
    with engine.begin() as db:
        assert instruments.add(db, product, Unit("FX", 1, "whole")) == 1000
        assert instruments.add(db, product, Unit("FX.2", 1, "seat")) == 1001


def test_an_instrument_is_found_by_number_and_symbol(engine, product):
    unit = Unit("FX-USD", 4, "per_call", currency=2, tick=5, deliveries_max=1000)
    with engine.begin() as db:
        number = instruments.add(db, product, unit)
        found = instruments.by_symbol(db, "fx-usd")
        assert found == instruments.get(db, number)
        assert (found.currency_code, found.vendor) == ("USD", 7)
        assert "model_training" in found.purposes
        assert found.licence.code == "training"
        for wrong in ("FX", ""):
            with pytest.raises(NotFound):
                instruments.by_symbol(db, wrong)
        with pytest.raises(NotFound):
            instruments.get(db, 999)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("symbol", value) for value in ("fx", "F X", "汇率", "", "F" * 33, "-FX")),
        *(("tick", 0), ("lot", 0), ("mode", "gift"), ("currency", 9)),
        *(("term_days", 0), ("deliveries_max", -1)),
    ],
)
def test_each_wrong_choice_is_named(field, value):
    unit = Unit("FX", 1, "whole")._replace(**{field: value})
    assert instruments.wrong(unit).keys() == {field}


def test_a_symbol_is_unique_on_the_market(engine, product):
    with engine.begin() as db:
        instruments.add(db, product, Unit("FX", 1, "whole"))
        with pytest.raises(Invalid) as refused:
            instruments.add(db, product, Unit("FX", 2, "whole"))
    assert refused.value.problems.keys() == {"symbol"}


def test_a_licence_must_be_there(engine, product):
    with engine.begin() as db, pytest.raises(NotFound):
        instruments.add(db, product, Unit("FX", 77, "whole"))
