"""Licences: texts with hashes, and the facts that a program reads."""

import pytest

from listings import licences, standard
from listings.licences import PURPOSES, USES, Licence
from settlement.errors import NotFound


def test_our_six_licences_speak_both_languages_and_use_known_words():
    assert [licence.code for licence in standard.STANDARD] == [
        *("internal", "display", "derived", "training", "redistribution", "evaluation"),
    ]
    for licence in standard.STANDARD:
        assert licence.title_zh
        assert licence.title_en
        assert len(licence.text_zh) > 150
        assert len(licence.text_en) > 400
        assert "{" not in licence.text_zh + licence.text_en
        assert set(licence.terms.purposes) <= PURPOSES.keys()
        assert set(licence.terms.uses) <= USES.keys()


def test_only_the_training_licence_permits_training():
    assert [
        licence.code
        for licence in standard.STANDARD
        if "model_training" in licence.terms.purposes
    ] == ["training"]


def test_what_was_put_in_is_read_again(engine):
    with engine.begin() as db:
        numbers = licences.ensure(db, standard.STANDARD)
        for licence in standard.STANDARD:
            number = numbers[licence.code, licence.version]
            assert licences.get(db, number) == licence._replace(id=number)
            assert licences.get(db, number).sha256 == licence.sha256


def test_putting_in_again_changes_nothing(engine):
    with engine.begin() as db:
        first = licences.ensure(db, standard.STANDARD)
        assert licences.ensure(db, standard.STANDARD) == first
        assert len(licences.offered(db)) == len(standard.STANDARD)


def test_another_text_under_the_same_version_is_a_mistake(engine):
    licence = standard.STANDARD[0]
    with engine.begin() as db:
        licences.ensure(db, [licence])
        with pytest.raises(AssertionError, match="another text"):
            licences.ensure(db, [licence._replace(text_zh="随便用")])


def test_the_newest_version_is_offered(engine):
    licence = standard.STANDARD[0]
    with engine.begin() as db:
        licences.ensure(db, [licence, licence._replace(version="1.1")])
        assert [found.version for found in licences.offered(db, ["internal"])] == [
            "1.1"
        ]
        with pytest.raises(NotFound):
            licences.get(db, 99)


@pytest.mark.parametrize("field", ["code", "version", "text_zh", "text_en", "title_en"])
def test_the_hash_covers_what_the_parties_read(field):
    licence = Licence("x", "1", None, "甲", "A", "文", "text", "", None)
    assert licence._replace(**{field: "other"}).sha256 != licence.sha256


def test_the_hash_does_not_depend_on_line_ends_or_accents_composition():
    one = Licence("x", "1", None, "", "", "", "caf\u00e9\nok", "", None)
    two = Licence("x", "1", None, "", "", "", "cafe\u0301\r\nok", "", None)
    assert one.sha256 == two.sha256
