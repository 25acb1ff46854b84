"""Drafts, edits, and what is wrong or missing in them."""

import pytest

from listings import products, tables
from listings.products import Facts
from settlement.errors import Invalid, NotFound

GOOD = Facts("service", title_en="Exchange rates")


def test_a_draft_may_be_incomplete_but_not_wrong(engine):
    with engine.begin() as db:
        assert products.draft(db, 7, GOOD, by=5) == 1
        with pytest.raises(Invalid) as refused:
            products.draft(db, 7, GOOD._replace(kind="toy", region="Mars"), by=5)
    assert refused.value.problems.keys() == {"kind", "region"}


def test_what_was_written_is_read_again(engine):
    facts = GOOD._replace(
        keywords=("汇率", "fx"),
        dictionary=({"name": "rate", "type": "decimal", "zh": "汇率", "en": "Rate"},),
        sample={"columns": ["rate"], "rows": [["7.12"]]},
        coverage_from="2020",
        coverage_until="2026-06",
        row_count=10**12,
        extra={"任意": [1, None, "x"]},
    )
    with engine.begin() as db:
        product = products.draft(db, 7, facts, by=5)
        assert products.facts_of(products.find(db, product)) == facts


def test_of_two_editors_the_later_is_told_to_look_again(engine):
    with engine.begin() as db:
        product = products.draft(db, 7, GOOD, by=5)
        assert products.edit(db, product, GOOD, version=1, by=5) == 2
        with pytest.raises(products.EditedMeanwhile) as refused:
            products.edit(db, product, GOOD, version=1, by=6)
    assert refused.value.version == 2


def test_there_is_no_product_without_its_number(engine):
    with engine.connect() as db, pytest.raises(NotFound):
        products.find(db, 404)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title_zh", "长" * (products.TITLE_MAX + 1)),
        ("summary_en", "a\x00b"),
        ("title_en", "\ud83d"),
        ("sample", {"text": "\ud83d"}),
        ("keywords", ("\ud83d",)),
        ("source_url", "javascript:alert(1)"),
        ("source_url", "https://"),
        ("publisher_url", "http://[bad"),
        ("coverage_from", "2026-13"),
        ("coverage_until", "yesterday"),
        ("row_count", -1),
        ("size_bytes", 2**63),
        ("keywords", ("",)),
        ("keywords", ("x",) * (products.KEYWORDS_MAX + 1)),
        ("dictionary", ({"name": " "},)),
        ("extra", {"x": "x" * products.JSON_MAX}),
        ("updates", "sometimes"),
        ("sector", "weapons"),
    ],
)
def test_each_wrong_field_is_named(field, value):
    assert products.wrong(GOOD._replace(**{field: value})).keys() == {field}


@pytest.mark.parametrize(
    ("first", "last", "good"),
    [
        ("2026", "2025-01-01", False),
        ("2026-02", "2026-01", False),
        ("2026-02-02", "2026-02-01", False),
        ("2026-02", "2026", True),
        ("2026-02-01", "2026-02-01", True),
    ],
)
def test_coverage_ends_after_it_begins(first, last, good):
    facts = GOOD._replace(coverage_from=first, coverage_until=last)
    assert products.wrong(facts).keys() == (set() if good else {"coverage_until"})


def test_a_text_in_either_language_is_enough():
    facts = GOOD._replace(summary_zh="汇率", description_en="Rates")
    assert (
        not {"title_zh", "summary_zh", "description_zh"}
        & products.missing(facts).keys()
    )


def test_facts_fill_exactly_the_columns_of_the_table():
    written = products.columns(GOOD).keys()
    named = {column.name for column in tables.products.columns}
    assert written <= named
    kept = {"id", "vendor", "state", "version", "origin", "origin_id", "origin_sha256"}
    kept |= {"proposed", "created_us", "changed_us", "edited_by", "notice_until_us"}
    assert named - written == kept
