import csv
import io
import re

import pytest

from marketplace.warehouse import Feed
from marketplace.web.figures import _answer
from settlement.statistics.questions import questions
from tests.flows.market import buy, listed, location, pay_in
from tests.publishing import publish

# Neither public data, nor a border, nor a download in a market of one trade.
NOTHING_YET = (
    "s08_public_data",
    "s09_cross_border",
    "s15_constituents",
    "s17_usage",
    "top_vendors",
    "top_instruments",
)
AGO = {"from_day": "2020-01-01", "until_day": "2020-12-31"}


@pytest.fixture
def symbol(visit, parts) -> str:
    """The symbol of an instrument that traded once; the warehouse has it."""
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    Feed(parts.reads, parts.config.warehouse()).step()
    _answer.cache_clear()
    page = visit("").get(f"/listings/{product}").text
    return re.search(r"<code>(PORTS-\w+)</code>", page)[1]


def rows_of(answer) -> list[dict[str, str]]:
    """Return a CSV as a program reads it."""
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_figures_come_as_csv_by_period_and_small_cells_stay_empty(visit, symbol, parts):
    publish(parts)
    (row,) = rows_of(visit("").get("/statistics/s05_turnover.csv"))
    assert (row["currency"], row["turnover"], row["settled"]) == ("CNY", "", "")
    query = {"symbol": symbol, "width": "hour"}
    answer = visit("").get("/statistics/candles.csv", query_string=query)
    (candle,) = rows_of(answer)
    assert (candle["open"], candle["volume"]) == ("12000", "1")

    for code in questions():
        path = f"/statistics/{code}.csv"
        found = rows_of(visit("").get(path, query_string=query))
        assert found or code in NOTHING_YET, code
        if code != "candles":
            assert f'href="{path}"' in visit("").get(f"/statistics/{code}").text
    candles = visit("").get("/statistics/candles", query_string=query).text
    assert f"/statistics/candles.csv?symbol={symbol}" in candles
    for code in ("s05_turnover", "s06_trades", "candles"):
        path = f"/statistics/{code}.csv"
        assert len(rows_of(visit("").get(path, query_string=query))) == 1, code
        gone = visit("").get(path, query_string=query | AGO)
        assert rows_of(gone) == [], code
    page = visit("").get("/statistics/s05_turnover", query_string=AGO).text
    assert 'value="2020-12-31"' in page
    assert "from_day=2020-01-01" in page
    since = {"from_day": "2020-01-01"}
    open_end = visit("").get("/statistics/s05_turnover.csv", query_string=since)
    assert len(rows_of(open_end)) == 1


def test_what_adds_up_a_whole_period_takes_no_other(visit, symbol):
    for code in ("s13_posted",):
        assert 'name="from_day"' not in visit("").get(f"/statistics/{code}").text
        path = f"/statistics/{code}.csv"
        whole = visit("").get(path).text
        assert visit("").get(path, query_string=AGO).text == whole


def test_a_period_that_is_none_is_refused(visit, symbol):
    backwards = {"from_day": "2026-02-01", "until_day": "2026-01-01"}
    for query in ({"from_day": "2026-02-30"}, {"until_day": "=1"}, backwards):
        for page in ("s05_turnover", "s05_turnover.csv", "candles"):
            answer = visit("").get(f"/statistics/{page}", query_string=query)
            assert answer.status_code == 422, (page, query)
    shown = visit("").get("/statistics/s05_turnover", query_string=backwards)
    assert "f-until_day-problem" in shown.text
    for path in ("nothing.csv", "candles.csv", "candles.csv?symbol=NO"):
        assert visit("").get(f"/statistics/{path}").status_code == 404
