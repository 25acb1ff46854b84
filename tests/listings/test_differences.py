"""Differences between licences: clause by clause, and in the facts."""

from hypothesis import given
from hypothesis import strategies as st

from listings import differences, standard
from listings.composer import compose
from listings.vocabulary import Name

TERMS = standard.STANDARD[0].terms
ONE = compose("x", "1.0", Name("甲", "A"), TERMS)
OTHER = compose(
    "x", "2.0", Name("甲", "A"), TERMS._replace(delete_days=7, transfer=True)
)


def changed(language):
    found = differences.between(ONE, OTHER, language)
    return {one.heading for one in found if one.change != "same"}


def test_only_the_clauses_that_changed_are_marked():
    assert changed("en") == {"Limits", "Duties", "End"}
    assert changed("zh") == {"限制", "义务", "期满"}


def test_a_change_is_shown_within_its_clause():
    (end,) = [d for d in differences.between(ONE, OTHER, "en") if d.heading == "End"]
    assert ("removed", "30") in end.parts
    assert ("added", "7") in end.parts


def test_clauses_that_one_of_them_lacks_are_added_or_removed():
    theirs = standard.STANDARD[0]  # written before duties were a clause of their own
    assert {d.heading: d.change for d in differences.between(theirs, ONE, "en")}[
        "Duties"
    ] == "added"
    assert {d.heading: d.change for d in differences.between(ONE, theirs, "en")}[
        "Duties"
    ] == "removed"


def test_the_facts_that_differ_are_named():
    found = differences.facts_between(ONE.terms, OTHER.terms)
    assert {fact.name for fact in found} == {"delete_days", "transfer"}
    assert differences.facts_between(ONE.terms, None) == []


def test_the_order_of_purposes_means_nothing():
    turned = TERMS._replace(purposes=TERMS.purposes[::-1])
    assert differences.facts_between(TERMS, turned) == []


texts = st.text(st.sampled_from("甲乙 ab.。1\n"), max_size=60)


@given(texts, texts)
def test_nothing_is_lost_of_either_text(one, other):
    made = [ONE._replace(text_zh=text) for text in (one, other)]
    found = differences.between(*made, "zh")
    for side, text in (("removed", one), ("added", other)):
        said = {
            d.heading: "".join(p.text for p in d.parts if p.change in {"same", side})
            for d in found
        }
        clauses = differences.clauses(text)
        assert {heading: said[heading] for heading in clauses} == clauses
