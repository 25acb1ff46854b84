"""Tables as vendors have them: encodings, delimiters, headers, prices."""

import io
import json

import pytest
import xlsxwriter

from listings.formats import columns, rows, table
from listings.formats.documents import DocumentTooLarge, Malformed
from listings.formats.entry import Described, Rejected
from listings.formats.table import Choice, NoTable

SIMPLE = "产品名称,所属行业,更新频率,价格(元/年)\n港口吞吐量,交通运输,每日,1200\n"
TRADITIONAL = (
    "產品名稱,所屬行業,更新頻率,關鍵字\n港口吞吐量資料,交通運輸,每日,港口、數據\n"
)


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (SIMPLE, "utf-8", "utf-8"),
        (SIMPLE, "utf-8-sig", "utf-8"),
        (SIMPLE, "utf-16", "utf-16"),
        (SIMPLE, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL, "gb18030", "gb18030"),
    ],
)
def test_the_encoding_is_found_out(text, encoding, found):
    read = table.read(text.encode(encoding))
    assert read.chosen.encoding == found
    assert read.columns[0] == text[:4]
    assert "".join(read.rows[0][1].values()) in text.replace(",", "")


@pytest.mark.parametrize("sign", table.DELIMITERS)
def test_the_delimiter_is_found_out(sign):
    read = table.read(f'title{sign}note\n"a, b"{sign}x\n'.encode())
    assert read.chosen.delimiter == sign
    assert read.columns == ("title", "note")


def test_no_cell_is_lost():
    data = "目录 2026,,\n,,\ntitle,,title\na,b,c,d\n\n,x\n".encode()
    read = table.read(data)
    assert read.columns == ("title", "column 2", "title (2)", "column 4")
    assert [list(row.values()) for _, row in read.rows] == [["a", "b", "c", "d"], ["x"]]
    assert [place for place, _ in read.rows] == ["line 4", "line 6"]


def test_excel_is_read_from_the_sheet_that_has_rows():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("说明").write(0, 0, "见下页")
        sheet = book.add_worksheet("目录")
        for number, row in enumerate([["名称", "行数"], ["甲", 12], ["乙", 1.5]]):
            sheet.write_row(number, 0, row)
    read = table.read(file.getvalue())
    assert (read.chosen.sheet, read.sheets) == ("目录", ("说明", "目录"))
    assert [row["行数"] for _, row in read.rows] == ["12", "1.5"]
    with pytest.raises(NoTable):
        table.read(file.getvalue(), Choice(sheet="说明"))


def test_json_is_a_table_too():
    items = [
        {"name": {"zh": "甲", "en": "A"}, "tags": ["x", "y"]},
        {"n": [1], "z": None},
    ]
    whole = table.read(json.dumps({"sources": items, "more": [{}]}).encode())
    lines = table.read("\n".join(map(json.dumps, items)).encode())
    assert whole.columns == lines.columns == ("name.zh", "name.en", "tags", "n")
    assert whole.rows[0][1]["tags"] == "x; y"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"a,b\n",
        b"[]",
        b"{}",
        b"PK\x03\x04x",
        b"\xd0\xcf\x11\xe0",
        b"\xff\xff\x81",
    ],
)
def test_what_is_no_table_is_refused(data):
    with pytest.raises((NoTable, Malformed)):
        table.read(data)


def test_tables_have_limits(monkeypatch):
    monkeypatch.setattr(table, "ROWS_MAX", 1)
    for data in (b"a,b\n1,2\n3,4\n", b'[{"a": 1}, {"a": 2}]'):
        with pytest.raises(DocumentTooLarge):
            table.read(data)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("信息资源名称", "title"),
        ("資源名稱", "title"),
        ("更新頻率：", "updates"),
        ("UpdateFrequency", "updates"),
        ("数源单位/数据提供单位", "publisher"),
        ("关键字", "keywords"),
        ("描述（中文）", ""),
        ("name.zh", "title_zh"),
        ("quux", ""),
    ],
)
def test_columns_are_known_by_their_names(name, field):
    read = table.Table("csv", (name,), (("1", {name: "x"}),), Choice())
    (guess,) = columns.guesses(read)
    if field:
        assert guess.field == field
        assert guess.confidence >= columns.LIKELY


def test_no_field_is_taken_twice():
    read = table.read(b"title,name\na,b\n")
    assert [guess.field for guess in columns.guesses(read)] == ["title", ""]


def test_a_row_becomes_a_product_and_keeps_the_rest():
    read = table.read(
        "编号,产品名称,所属行业,更新频率,地区,记录数,价格(元/年),经办人\n"
        '7,港口吞吐量,交通运输,日更,江苏,"1,200",1200,张三\n'.encode()
    )
    fields = {g.column: g.field for g in columns.guesses(read)}
    made = rows.describe(*read.rows[0], fields)
    facts = made.found.facts
    assert (made.found.id, facts.title_zh, facts.sector) == (
        "7",
        "港口吞吐量",
        "transportation",
    )
    assert (facts.updates, facts.region, facts.row_count) == ("daily", "32", 1200)
    assert facts.extra["经办人"] == "张三"
    assert facts.extra[rows.PRICE] == {
        "price": "1200.00",
        "currency": "CNY",
        "mode": "per_term",
        "term_days": 365,
    }
    assert made.remarks == ()


def test_what_is_not_understood_is_kept_and_remarked():
    fields = {"t": "title", "s": "sector", "u": "source_url", "p": "price"}
    row = {"t": "A", "s": "玄学", "u": "见官网", "p": "100"}
    made = rows.describe("1", row, fields)
    assert isinstance(made.found, Described)
    assert made.found.facts.extra == {"s": "玄学", "u": "见官网", "p": "100"}
    assert {column for column, _ in made.remarks} == {"s", "u", "p"}
    assert isinstance(rows.describe("1", {"t": " "}, fields).found, Rejected)


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        (("1,200元/年",), ("1200.00", "CNY", "per_term")),
        (("0.5元/次",), ("0.50", "CNY", "per_call")),
        (("99", "USD", "per seat"), ("99.00", "USD", "seat")),
        (("3000", "人民币", "按件"), ("3000.00", "CNY", "whole")),
        (("¥100/年",), None),
        (("$100", "", "年"), None),
        (("100", "元", ""), None),
        (("1-2元/次",), None),
        (("-5元/次",), None),
        (("1,20 EUR/年",), None),
        (("1.234元/次",), None),
        (("3万元/年",), None),
        (("100日元/次", "人民币"), None),
        (("100元/年/用户",), None),
    ],
)
def test_only_certain_prices_are_proposed(said, proposed):
    made = rows.proposal(*said)
    found = made and (made["price"], made["currency"], made["mode"])
    assert found == proposed
