"""Licence strings of catalogues, as they really are written."""

import json

import pytest

from listings import spdx

CC = "https://creativecommons.org/licenses"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"[Creative Commons BY 4.0]({CC}/by/4.0/)", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("CC-By Attribution 4.0 International", "CC-BY-4.0"),
        (f'"[CC BY 4.0]({CC}/by/4.0/)"\n', "CC-BY-4.0"),
        (f"[CC BY-SA]({CC}/by-sa/4.0/deed.en)", "CC-BY-SA-4.0"),
        ("CC BY-SA-NC 4.0", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution Non Commercial 4.0", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution 3.0 United States License", "CC-BY-3.0-US"),
        ("CC0", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/legalcode", "CC0-1.0"),
        ("https://opendatacommons.org/licenses/by/1.0/", "ODC-By-1.0"),
        ("Open Data Commons Open Database License v1.0", "ODbL-1.0"),
        ("[CDLA-Sharing](https://cdla.io/sharing-1-0/)", "CDLA-Sharing-1.0"),
        ("MIT License", "MIT"),
        ("MIT-0", "MIT-0"),
        ("Apache License Version 2.0", "Apache-2.0"),
    ],
)
def test_one_certain_licence_is_identified(text, code):
    assert spdx.identify(text) == code
    licence = spdx.of(text)
    assert (licence.code, licence.spdx) == (code, code)
    assert licence.terms is not None


@pytest.mark.parametrize(
    "text",
    [
        "CC BY",  # no version
        "CC-BY-4.0 unless otherwise specified",
        "CC0, CC-BY 4.0",
        "[MIT](https://x.org); [terms of use](https://y.org)",
        f"[CC-BY-SA 4.0 International]({CC}/by/4.0/)",
        f"[World Bank Open Database License (ODbL)]({CC}/by/4.0/)",
        f"Creative Commons Attribution-Non Commercial 4.0 - {CC}/by/4.0/legalcode",
        f"[Attribution 2.5 Argentina]({CC}/by/2.5/ar)",
        "Creative Commons Attribution 4.0 United States License",  # there is none
        "Varies by dataset",
        "Provided in the bucket.",
        "Massachusetts Institute, MIT Lincoln Laboratory",
        "Creative Commons CC BY-SA 3.0 IGO license",
        "CC BY-4.0 (usage may be restricted by UK Biobank)",
    ],
)
def test_what_is_not_certain_is_kept_word_by_word(text):
    assert spdx.identify(text) is None
    licence = spdx.of(text)
    assert licence.code.startswith("LicenseRef-")
    assert licence.text_en == text
    assert licence.spdx is None
    assert licence.terms is None


def test_html_in_a_licence_becomes_text():
    licence = spdx.of("Open data.<br/> <br/>Use as you like &amp; cite.")
    assert licence.text_en == "Open data.\n\nUse as you like & cite."


def test_no_licence_is_said_to_be_none():
    assert spdx.of("").code == spdx.of(" <br> ").code == spdx.NOT_STATED


def test_terms_follow_the_marks():
    closed = spdx.licence("CC-BY-NC-ND-4.0").terms
    assert "derive" not in closed.uses
    assert closed.purposes == spdx.NON_COMMERCIAL
    assert spdx.licence("CC0-1.0").terms.purposes == ()
    assert not spdx.licence("CC0-1.0").terms.attribution
    assert spdx.licence("CC-BY-SA-4.0").terms.share_alike


def test_every_identifier_is_one_of_spdx(catalogues):
    path = catalogues / "reference" / "spdx-license-list-spdx-simple.json"
    assert spdx.OPEN.keys() <= set(json.loads(path.read_text("utf-8")))
