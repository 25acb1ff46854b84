"""Plain text from what catalogues write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.formats import text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a<br/> <br>b", "a\n\nb"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ('see <a href="https://x.org">here</a>', "see here"),
        ("H<sub>2</sub>O &amp; &#8220;air&#8221;", "H2O & “air”"),
        ("<script>alert(1)</script>rates", "rates"),
        ("a < b and c > d", "a < b and c > d"),
        ("at <https://x.org/a?b=1>", "at https://x.org/a?b=1"),
        ("line \r\n\r\n\r\n\r\nnext\x00", "line\n\nnext"),
        ("  ", ""),
    ],
)
def test_html_becomes_text(written, shown):
    assert text.plain(written) == shown


@given(st.text(alphabet="ab 汉字.,;:\n()[]"))
def test_text_without_html_keeps_its_words(written):
    assert text.plain(written).split() == written.split()


@given(st.text())
def test_nothing_that_is_written_breaks_the_cleaning(written):
    shown = text.plain(written)
    assert "\x00" not in shown
    text.excerpt(shown)
    text.party(written)
    assert text.address(written) == "" or text.address(written).startswith("http")


@pytest.mark.parametrize(
    ("written", "party"),
    [
        ("[NOAA](http://www.noaa.gov/)", ("NOAA", "http://www.noaa.gov/")),
        ('"[NOAA](http://www.noaa.gov/)"\n', ("NOAA", "http://www.noaa.gov/")),
        ("NASA", ("NASA", "")),
        (
            "U.S. EPA (https://www.epa.gov)",
            ("U.S. EPA", "https://www.epa.gov"),
        ),
        (
            "Archive ([IRSA](https://irsa.org)) at Caltech",
            ("Archive (IRSA) at Caltech", "https://irsa.org"),
        ),
        ("[A](https://a.org), [B](https://b.org)", ("A, B", "")),
        ("“[CTDS] (https://ctds.org/)”", ("CTDS", "https://ctds.org/")),
        ("(HPRC)[https://hprc.org/]", ("HPRC", "https://hprc.org/")),
        ("[RSNA (https://rsna.org/)", ("RSNA", "https://rsna.org/")),
        ("Lab (lab.com)", ("Lab (lab.com)", "")),
        ("Not currently managed", ("", "")),
        ("FILL UP MANUALLY - CHECK DOCUMENTATION", ("", "")),
    ],
)
def test_a_publisher_is_a_name_and_an_address(written, party):
    assert text.party(written) == party


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://x.org/a_(b)", "https://x.org/a_(b)"),
        ("More can be found [here](https://x.org/d).", "https://x.org/d"),
        ("see https://x.org/d, and https://y.org", "https://x.org/d"),
        ('<a href="https://x.org/d">docs</a>', "https://x.org/d"),
        ("github.com/x/y", ""),
        ("各交易所网站", ""),
    ],
)
def test_the_first_address_is_found_and_none_is_invented(written, url):
    assert text.address(written) == url


def test_an_excerpt_is_whole_sentences_where_it_can_be():
    long = "First sentence here, quite long. " + "Then words " * 60
    assert text.excerpt(long, 60) == "First sentence here, quite long."
    assert text.excerpt("word " * 50, 20) == "word word word…"
    assert text.excerpt("# Title\nshort **one**") == "Title short one"
