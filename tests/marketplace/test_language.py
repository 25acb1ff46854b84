"""Which language a visitor reads: Chinese unless something says otherwise."""

from types import SimpleNamespace

import pytest
from flask import Flask

from marketplace.language import bilingual, language, translated, translated_within


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "zh"),
        ({"Accept-Language": "en-GB,en;q=0.9"}, "en"),
        ({"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ({"Accept-Language": "de,fr;q=0.5"}, "zh"),
        ({"Accept-Language": "en", "Cookie": "language=zh"}, "zh"),
        ({"Accept-Language": "zh", "Cookie": "language=en"}, "en"),
        ({"Accept-Language": "en", "Cookie": "language=xx"}, "en"),
        ({"Accept-Language": "\x00;q=x,,"}, "zh"),
    ],
)
def test_the_choice_goes_before_the_browser(
    app: Flask, headers: dict[str, str], expected: str
) -> None:
    with app.test_request_context("/", headers=headers):
        assert language() == expected


def test_the_api_does_not_look_at_cookies(app: Flask) -> None:
    with app.test_request_context("/api/v1/x", headers={"Cookie": "language=en"}):
        assert language() == "zh"


def test_a_missing_translation_of_a_listing_is_replaced_by_the_other(
    app: Flask,
) -> None:
    both = SimpleNamespace(title_zh="气象", title_en="Weather")
    only = SimpleNamespace(title_zh="", title_en="Weather")
    with app.test_request_context("/", headers={"Cookie": "language=zh"}):
        assert bilingual(both, "title") == "气象"
        assert bilingual(only, "title") == "Weather"
        assert translated("") == ""
    with app.test_request_context("/", headers={"Cookie": "language=en"}):
        assert bilingual(both, "title") == "Weather"


def test_a_filter_of_constants_answers_each_visitor_in_their_language(
    app: Flask,
) -> None:
    template = app.jinja_env.from_string('{{ "buyer" | word("role") }}')
    for code, expected in (("zh", "需方"), ("en", "Buyer"), ("zh", "需方")):
        with app.test_request_context("/", headers={"Cookie": f"language={code}"}):
            assert template.render() == expected


@pytest.mark.parametrize(
    ("code", "one", "many"),
    [("zh", "1 天", "2 天"), ("en", "1 day", "2 days")],
)
def test_a_number_of_days_has_the_plural_of_its_language(
    app: Flask, code: str, one: str, many: str
) -> None:
    template = app.jinja_env.from_string(
        '{{ ngettext("%(num)s day", "%(num)s days", days) }}'
    )
    with app.test_request_context("/", headers={"Cookie": f"language={code}"}):
        assert template.render(days=1) == one
        assert template.render(days=2) == many


def test_problems_are_translated_however_deep_they_lie(app: Flask) -> None:
    problems = {"orders": {0: {"price": ["Unknown field."]}}, "count": 3, "name": ""}
    with app.test_request_context("/", headers={"Cookie": "language=zh"}):
        assert translated_within(problems) == {
            "orders": {0: {"price": ["未知字段。"]}},
            "count": 3,
            "name": "",
        }
    with app.test_request_context("/", headers={"Cookie": "language=en"}):
        assert translated_within(problems) == problems
