"""Whatever a visitor may read is translated, with the same facts in it."""

import importlib.util
import re
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from marketplace.language import LANGUAGES
from marketplace.web.words import FACTS, WORDS

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\(\w+\)\w|%%")
HAN = re.compile(r"[\u3400-\u9fff]")
# These are names, or written alike in Chinese.
SAME = {"Databourse", "API", "Delta Sharing"}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "translations", ROOT / ".ci" / "translations.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


translations = _load()


@pytest.fixture(scope="module", name="wanted")
def _wanted() -> Catalog:
    catalog = translations.collected()
    assert isinstance(catalog, Catalog)
    return catalog


@pytest.fixture(scope="module", name="chinese")
def _chinese() -> Catalog:
    with translations.catalogue("zh").open("rb") as file:
        return read_po(file, locale="zh")


def _said(message: Message) -> tuple[str, ...]:
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


def _asked(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def test_every_language_but_english_has_a_catalogue() -> None:
    assert set(translations.LANGUAGES) | {"en"} == set(LANGUAGES)


def test_every_string_is_translated(wanted: Catalog) -> None:
    assert len(wanted) > 800
    assert list(translations.faults()) == []


def test_the_catalogue_holds_nothing_unsure_and_nothing_that_is_gone(
    wanted: Catalog, chinese: Catalog
) -> None:
    here = {(message.context, str(message.id)) for message in wanted if message.id}
    there = {(message.context, str(message.id)) for message in chinese if message.id}
    assert there == here
    assert not chinese.obsolete
    assert not [message.id for message in chinese if message.id and message.fuzzy]


def test_a_translation_has_the_placeholders_of_its_original(chinese: Catalog) -> None:
    for message in chinese:
        if message.id:
            wanted = set(PLACEHOLDER.findall(_asked(message)[-1]))
            for said in _said(message):
                assert set(PLACEHOLDER.findall(said)) == wanted, message.id


def test_a_string_can_be_filled_in(chinese: Catalog) -> None:
    """Templates treat every string as a format: a bare ``%`` would break the page."""
    facts: defaultdict[str, str] = defaultdict(lambda: "5")
    for message in chinese:
        for text in (*_asked(message), *_said(message)) if message.id else ():
            assert re.sub(r"%\(\w+\)s", "5", text) == text % facts, text


def test_chinese_has_one_form_for_every_number(chinese: Catalog) -> None:
    assert chinese.num_plurals == 1
    plural = [message for message in chinese if not isinstance(message.id, str)]
    assert plural
    assert all(len(_said(message)) == 1 for message in plural)


def test_a_translation_is_chinese_and_ends_as_a_sentence_where_its_original_does(
    chinese: Catalog,
) -> None:
    for message in filter(lambda message: message.id, chinese):
        asked = _asked(message)[-1]
        has_words = re.search("[A-Za-z]{2}", PLACEHOLDER.sub("", asked))
        for said in _said(message):
            assert said == said.strip(), asked
            assert HAN.search(said) or asked in SAME or not has_words, asked
            assert said.endswith("。") or not asked.endswith("."), asked


def test_a_string_that_is_marked_in_a_table_is_collected(wanted: Catalog) -> None:
    names = {text for words in WORDS.values() for text in words.values()}
    for text in names | set(FACTS.values()):
        assert text in wanted, text
