"""Addresses and forms that nobody types by accident."""

import pytest

LISTS = ("/orders/", "/orders/trades", "/rights/", "/cash/")
PLACES = ("-1", "1e3", "١", "9" * 19, "9" * 30, "0" * 20 + "9" * 30)


@pytest.mark.parametrize("place", PLACES)
def test_a_page_that_cannot_be_is_not_there(visit, place):
    buyer, registrar = visit("buyer"), visit("registrar")
    for address in LISTS:
        assert buyer.get(f"{address}?before={place}").status_code == 404, address
    for query in ("trades?before", "members?before"):
        assert registrar.get(f"/staff/{query}={place}").status_code == 404, query


def test_a_list_has_an_end(visit):
    last = str(2**63 - 1)
    for address in LISTS:
        assert visit("buyer").get(f"{address}?before={last}").status_code == 200
