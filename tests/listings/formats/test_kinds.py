"""What the help says of the formats is found out from the formats."""

from listings import products
from listings.formats import kinds
from listings.formats.kinds import FORMATS, carried
from listings.products import Facts
from marketplace.web.facts import NAMES


def test_the_probe_says_something_of_every_fact():
    probe = kinds._PROBE.facts
    empty = Facts("")
    assert [n for n in Facts._fields if getattr(probe, n) == getattr(empty, n)] == []
    assert products.wrong(probe) == {}
    assert set(Facts._fields) <= NAMES.keys()


def test_every_format_carries_a_title_and_none_carries_what_it_has_no_words_for():
    found = carried()
    assert found.keys() == {form.suffix for form in FORMATS}
    assert all({"title_zh", "kind"} <= facts for facts in found.values())
    assert {"region", "updates", "sector", "rights_note"} <= found["ttl"]
    assert not any({"rights", "sensitivity"} & facts for facts in found.values())
