"""The composer: choices become texts, versions, codes; nonsense is refused."""

import pytest

from listings import composer, licences, standard
from listings.composer import compose
from listings.licences import PURPOSES, Terms
from listings.vocabulary import Name
from settlement.errors import Invalid, NotFound

TITLE = Name("气象研究许可", "Weather research")
TERMS = Terms(
    ("access", "analysis", "derive"),
    ("academic_research", "evaluation"),
    exclusivity="sole",
    field="healthcare",
    territory="31",
    term_days=365,
    retention="delete",
    on_request=("model_training",),
    report_days=90,
)


def test_every_choice_is_said_in_both_languages():
    made = compose("x", "1.0", TITLE, TERMS)
    for word in (
        "排他",
        "医疗健康",
        "上海",
        "365日",
        "学术研究",
        "模型训练",
        "每90日",
        "30日内",
    ):
        assert word in made.text_zh, word
    for word in (
        "sole",
        "healthcare",
        "Shanghai",
        "365 days",
        "every 90 days",
        "30 days",
    ):
        assert word in made.text_en, word
    assert "model training" in made.text_en


@pytest.mark.parametrize(
    "changed",
    [
        {"exclusivity": "exclusive"},
        {"field": None},
        {"territory": "world"},
        {"term_days": None},
        {"volume_max": 5},
        {"transfer": True},
        {"retention": "keep"},
        {"derivation": "any"},
        {"attribution": True},
        {"share_alike": True},
        {"on_request": ()},
        {"delete_days": 7},
        {"report_days": None},
        {"uses": ("access",)},
        {"purposes": ("evaluation",)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_no_choice_changes_without_the_text(changed):
    one, other = (
        compose("x", "1.0", TITLE, terms)
        for terms in (TERMS, TERMS._replace(**changed))
    )
    assert one.text_zh != other.text_zh
    assert one.text_en != other.text_en
    assert one.sha256 != other.sha256


def test_the_matrix_has_three_answers():
    answers = {purpose: TERMS.answer(purpose) for purpose in PURPOSES}
    assert answers["evaluation"] == "allowed"
    assert answers["model_training"] == "on_request"
    assert answers["redistribution"] == "forbidden"


def test_saving_again_makes_the_next_version_only_if_something_changed(engine):
    with engine.begin() as db:
        first = composer.save(db, 7, TITLE, TERMS)
        made = licences.get(db, first)
        assert (made.version, made.owner) == ("1.0", 7)
        assert composer.save(db, 7, TITLE, TERMS, made.code) == first
        second = composer.save(db, 7, TITLE, TERMS._replace(report_days=30), made.code)
        assert licences.get(db, second).version == "2.0"
        assert [one.id for one in licences.versions(db, made.code)] == [first, second]
        another = composer.save(db, 7, TITLE, TERMS)
        assert licences.get(db, another).code != made.code


def test_a_vendor_s_licence_is_its_own(engine):
    with engine.begin() as db:
        code = licences.get(db, composer.save(db, 7, TITLE, TERMS)).code
        with pytest.raises(NotFound):
            composer.save(db, 8, TITLE, TERMS, code)
        with pytest.raises(Invalid):
            licences.chosen(db, code, 8, standard.ALL)
        assert licences.chosen(db, code, 7, standard.ALL)
        assert licences.offered(db) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"uses": ()}, "uses"),
        ({"uses": ("access", "fly")}, "uses"),
        ({"purposes": ()}, "purposes"),
        ({"on_request": ("evaluation",)}, "on_request"),
        ({"exclusivity": "mine"}, "exclusivity"),
        ({"field": "magic"}, "field"),
        ({"territory": "mars"}, "territory"),
        ({"term_days": 0}, "term_days"),
        ({"delete_days": 10**9}, "delete_days"),
    ],
)
def test_what_makes_no_licence_is_refused(engine, changed, field):
    with engine.begin() as db, pytest.raises(Invalid) as refused:
        composer.save(db, 7, TITLE, TERMS._replace(**changed))
    assert field in refused.value.problems


def test_sole_and_exclusive_rights_have_codes_that_tell_the_choices():
    made = standard.variant("derived", "exclusive", "healthcare", "31")
    assert made.code == "derived.exclusive.healthcare.31"
    assert made.terms.exclusivity == "exclusive"
    assert made == standard.variant("derived", "exclusive", "healthcare", "31")
    assert len({one.code for one in standard.ALL}) == len(standard.ALL) == 16
