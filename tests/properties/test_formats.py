"""Out and in again: every format gives back every fact of every product."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from listings import dictionary, products, spdx, standard
from listings.formats.description import (
    CannotCarry,
    Content,
    Description,
    Offer,
    Vendor,
)
from listings.formats.entry import Described
from listings.formats.kinds import FORMATS
from listings.products import Facts
from listings.registration import declaration
from listings.vocabulary import CLASSES, SECTORS, UPDATES, regions

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\r\n\t港数"),
    max_size=12,
)
NAMES = WORDS.filter(str.strip)
ADDRESSES = st.sampled_from(
    [
        "",
        "https://a.example/x?y=1&z=<2>",
        "http://数据.example/目录",
        "https://b.example",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)
DAYS = st.sampled_from([None, "2020", "2021-03", "2022-12-31"])
COLUMNS = st.fixed_dictionaries(
    {"name": NAMES, "type": st.sampled_from(["", "string", "整数", "date"])}
    | {"zh": WORDS, "en": WORDS},
    optional={
        "about_zh": WORDS,
        "about_en": WORDS,
        "unit": WORDS,
        "personal": st.sampled_from(sorted(dictionary.PERSONAL)),
        "codes": st.lists(
            st.fixed_dictionaries({"code": NAMES}, optional={"zh": WORDS, "en": WORDS}),
            max_size=2,
        ),
    },
)
FACTS = st.builds(
    Facts,
    st.sampled_from(sorted(CLASSES)),
    *[WORDS] * 6,
    keywords=st.lists(NAMES, max_size=4).map(tuple),
    sector=st.none() | st.sampled_from(sorted(SECTORS)),
    region=st.none() | st.sampled_from(sorted(regions())),
    updates=st.none() | st.sampled_from(sorted(UPDATES)),
    publisher=WORDS,
    publisher_url=ADDRESSES,
    source_url=ADDRESSES,
    coverage_from=DAYS,
    coverage_until=DAYS,
    row_count=st.none() | st.integers(0, 2**60),
    size_bytes=st.none() | st.integers(0, 2**60),
    dictionary=st.lists(COLUMNS, max_size=3).map(tuple),
    sample=st.none()
    | st.just({"columns": ["甲", "b"], "rows": [[1, "=x"], [None, "y"]]})
    | st.just({"text": "a\n b"}),
    rights_note=WORDS,
    granularity=WORDS,
    support=WORDS,
    documentation_url=ADDRESSES,
    extra=st.none() | st.dictionaries(WORDS, VALUES, max_size=3),
    source_route=st.none() | st.sampled_from(sorted(declaration.ROUTES)),
    source_statement=WORDS,
    sensitivity=st.none() | st.sampled_from(sorted(declaration.SENSITIVITIES)),
    personal=st.none() | st.sampled_from(sorted(declaration.PERSONAL)),
    purpose=WORDS,
    scene=WORDS,
    rights=st.none()
    | st.dictionaries(
        st.sampled_from(sorted(declaration.RIGHTS)),
        st.fixed_dictionaries(dict.fromkeys(declaration.CELLS, WORDS)),
    ),
).filter(lambda facts: not products.wrong(facts))
CSV = Content("数据 1.csv", 12, "ab" * 32, "text/csv")
OFFERS = st.sampled_from(
    [
        (),
        (Offer("A-1", "per_term", "CNY", "1200.00", 365, standard.STANDARD[0]),),
        (
            Offer("A-2", "free", "CNY", None, None, spdx.licence("CC-BY-4.0")),
            Offer("A-3", "ask", "JPY", None, None, spdx.not_stated()),
        ),
    ]
)


def described(facts: Facts, offers=(), files=(CSV,)) -> Description:
    return Description(
        "prd_0000001",
        "https://m.example/listings/prd_0000001",
        facts,
        Vendor("mem_0000001", "甲公司", "A Ltd", "https://m.example/members/1"),
        "2026-01-02T03:04:05Z",
        "2026-02-03T04:05:06Z",
        offers,
        "2026-01",
        files,
    )


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.suffix)
@settings(max_examples=25)
@given(facts=FACTS, offers=OFFERS, files=st.sampled_from([(CSV,), ()]))
def test_what_is_written_is_read_again_without_loss(form, facts, offers, files):
    if not (facts.title_zh or facts.title_en).strip():  # no listing is without one
        facts = facts._replace(title_zh="港", title_en="")
    if facts.kind not in form.classes:
        facts = facts._replace(kind=form.classes[0])
    said = described(facts, offers, files)
    try:
        written = form.write(said)
    except CannotCarry:
        assume(False)
    (found,) = form.read(written)
    assert isinstance(found, Described), found
    assert found.id == said.id
    assert found.facts == facts
