"""What is said of columns: kept by name, checked, never milder than the values."""

from hypothesis import given
from hypothesis import strategies as st

from listings import dictionary
from listings.dictionary import HIDDEN

SAID = (
    {"name": "port", "type": "string", "zh": "港口", "en": "Port"},
    {"name": "day", "type": "date", "zh": "日期", "en": "Day", "unit": "d"},
)


def _computed(*names, **personal):
    return [
        {
            "name": n,
            "type": "string",
            "personal": [{"kind": k} for k in personal.get(n, ())],
        }
        for n in names
    ]


def test_lines_tell_what_the_release_lost_and_what_is_new():
    lines = dictionary.lines(SAID, _computed("port", "tons"))
    assert [(line.name, line.is_gone, bool(line.said)) for line in lines] == [
        ("port", False, True),
        ("day", True, True),
        ("tons", False, False),
    ]
    unknown = dictionary.lines(SAID, None)
    assert not any(line.is_gone for line in unknown)


def test_a_renamed_column_keeps_what_was_said_in_its_place():
    made = dictionary.revised(SAID, {"tons": {"type": "number"}}, {"port": "harbour"})
    assert [column["name"] for column in made] == ["harbour", "day", "tons"]
    assert made[0]["zh"] == "港口"
    assert [c["name"] for c in dictionary.revised(SAID, {}, {"day": ""})] == ["port"]


def test_taking_the_name_of_a_new_column_does_not_make_two():
    edits = {"tons": {"type": "number"}, "port": {"zh": "吨"}}
    made = dictionary.revised(SAID, edits, {"port": "tons"})
    assert [(c["name"], c["zh"]) for c in made] == [("tons", "吨"), ("day", "日期")]


def test_emptied_units_and_codes_are_gone():
    made = dictionary.revised(SAID, {"day": {"unit": "", "codes": []}})
    assert made[1].keys() == {"name", "type", "zh", "en"}


def test_typing_the_lines_anew_keeps_what_they_do_not_show():
    typed = ({"name": "day", "type": "date", "zh": "日", "en": ""},)
    (made,) = dictionary.retyped(SAID, typed)
    assert (made["zh"], made["unit"]) == ("日", "d")


def test_what_a_service_asks_for_and_answers_by_one_name_stays_two():
    twins = (
        {"name": "city", "zh": "城市", "role": "parameter"},
        {"name": "city", "zh": "所在城市", "role": "result"},
    )
    made = dictionary.revised(twins, {"city": {"zh": "市"}})
    assert [(c["zh"], c["role"]) for c in made] == [
        ("市", "parameter"),
        ("所在城市", "result"),
    ]
    typed = [{"name": "city", "zh": "甲"}, {"name": "city", "zh": "乙"}]
    assert [c["role"] for c in dictionary.retyped(twins, typed)] == [
        "parameter",
        "result",
    ]
    assert len(dictionary.lines(twins, None)) == 1


def test_a_class_may_be_stricter_than_the_values_but_not_milder():
    computed = {c["name"]: c for c in _computed("a", "b", a=["mobile"], b=["citizen"])}
    for code, mild in (("none", ["a", "b"]), ("personal", ["b"]), ("sensitive", [])):
        said = [{"name": name, "personal": code} for name in "ab"]
        assert dictionary.too_mild(said, computed) == mild
    assert dictionary.too_mild([{"name": "a"}], computed) == []


def test_odd_columns_are_refused():
    for column in (
        {"name": " "},
        {"name": "a", "unit": "x" * 61},
        {"name": "a", "unit": 3},
        {"name": "a", "codes": [{"zh": "无"}]},
        {"name": "a", "codes": [{"code": "1", "more": "x"}]},
        {"name": "a", "codes": "1"},
        {"name": "a", "personal": "public"},
    ):
        assert list(dictionary.wrong([column])), column
    good = {"name": "a", "unit": "t", "codes": [{"code": "1", "zh": "甲"}]}
    assert not list(dictionary.wrong([good | {"personal": "sensitive"}]))


def test_columns_of_persons_show_no_values():
    table = {
        "columns": [
            {
                "name": "who",
                "personal": [],
                "top": [["Ann", 3]],
                "min": "A",
                "filled": 3,
            },
            {"name": "n", "personal": [], "top": [["1", 3]]},
        ],
        "sample": {"columns": ["who", "n"], "rows": [["Ann", "1"], [None, "1"]]},
    }
    made = dictionary.guarded(table, {"who"})
    assert made["sample"]["rows"] == [[HIDDEN, "1"], [None, "1"]]
    assert made["columns"][0].keys() == {"name", "personal", "filled"}
    assert made["columns"][1] == table["columns"][1]
    assert dictionary.guarded(table, {"other"}) is table


NAMES = st.sampled_from("abcdef")
COLUMN = st.fixed_dictionaries({"name": NAMES, "zh": st.text(max_size=3)})


@given(
    st.lists(COLUMN, max_size=5, unique_by=lambda c: c["name"]),
    st.dictionaries(NAMES, st.fixed_dictionaries({"en": st.text(max_size=3)})),
    st.dictionaries(NAMES, st.sampled_from(["", "x", "y", "a", "b"]), max_size=3),
)
def test_a_revision_never_names_a_column_twice(said, edits, renamed):
    names = [c["name"] for c in dictionary.revised(said, edits, renamed)]
    assert len(names) == len(set(names))
    assert all(names)
    assert not {name for name, to in renamed.items() if to == ""} & set(names) - set(
        renamed.values()
    )
