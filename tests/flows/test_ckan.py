"""CKAN's action API: its envelope, its errors, its search."""

import pytest

from tests.flows.market import FACTS, listed


def ask(visit, action: str, **asked):
    answer = visit("").client.post(f"/api/action/{action}", json=asked)
    return answer.status_code, answer.json


@pytest.fixture
def product(visit, parts) -> str:
    return listed(visit("vendor"), visit("registrar"))


def test_packages_are_listed_and_shown(visit, product):
    code, said = ask(visit, "package_list")
    assert (code, said["success"], said["result"]) == (200, True, [product])
    shown = ask(visit, "package_show", id=product)[1]["result"]
    assert shown["title"] == FACTS["title_zh"]
    assert shown["organization"]["title"]
    by_get = visit("").get(f"/api/3/action/package_show?id={product}").json
    assert by_get["result"] == shown
    assert ask(visit, "package_list", limit=1, offset=1)[1]["result"] == []


def test_errors_are_those_of_ckan(visit, product):
    for asked, status, kind in (
        ({"id": "nothing"}, 404, "Not Found Error"),
        ({"id": "prd_0000099"}, 404, "Not Found Error"),
        ({}, 409, "Validation Error"),
    ):
        code, said = ask(visit, "package_show", **asked)
        assert (code, said["success"], said["error"]["__type"]) == (status, False, kind)
    assert ask(visit, "package_delete", id=product)[0] == 400
    assert ask(visit, "package_search", rows="x")[0] == 409
    assert ask(visit, "package_search", fq="nonsense:1")[0] == 409


def test_what_left_the_market_left_the_api(visit, product):
    visit("vendor").post(f"/vendor/products/{product}/delist", reason="over")
    assert ask(visit, "package_list")[1]["result"] == []
    assert ask(visit, "package_show", id=product)[0] == 404
    for action in ("organization_list", "group_list", "tag_list"):
        assert ask(visit, action)[1]["result"] == [], action


def test_organisations_groups_and_tags(visit, product):
    (vendor,) = ask(visit, "organization_list")[1]["result"]
    shown = ask(visit, "organization_show", id=vendor)[1]["result"]
    assert shown["package_count"] == 1
    (group,) = ask(visit, "group_list", all_fields=True)[1]["result"]
    assert (group["name"], group["package_count"]) == (FACTS["sector"], 1)
    assert set(ask(visit, "tag_list")[1]["result"]) == {"port", "港口"}
    assert ask(visit, "license_list")[1]["result"]
