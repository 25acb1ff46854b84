"""Publishing the statistics on the pages and by API: two persons, many readers."""

import re
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from listings.vocabulary import Name
from marketplace import publishing, yearbook
from marketplace.cli import main
from marketplace.publishing import NotOverYet
from marketplace.warehouse import Feed
from marketplace.web.figures import _answer
from settlement import clock, ids
from settlement.errors import Invalid
from settlement.statistics.schedule import ZONE_US, Cut, due
from tests.flows.market import buy, listed, location, pay_in
from tests.programs import program
from tests.publishing import By, publish

__all__ = ["program"]


@pytest.fixture
def traded(visit, parts):
    """A market in which one trade was made; the tape has it."""
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    Feed(parts.reads, parts.config.warehouse()).step()
    _answer.cache_clear()
    return product


def test_a_month_is_proposed_approved_released_and_withdrawn(visit, parts, traded):
    statistician, reader = visit("statistician"), visit("")
    cut = due(clock.now_us())[0]
    answer = statistician.post(
        "/staff/statistics/publications", last_day=f"{cut.last_day}"
    )
    page = answer.headers["Location"]
    shown = statistician.get(page).text
    assert "Waits for a second person" in shown or "等待" in shown
    answer = statistician.post(f"{page}/decision", approve="yes")
    assert answer.status_code == 403
    number = ids.decode("publication", page.rpartition("/")[2])
    public = f"/statistics/publications/{ids.encode('publication', number)}"
    assert reader.get(public).status_code == 404
    answer = statistician.post(f"{page}/decision", approve="no")
    assert answer.status_code == 303
    assert reader.get(public).status_code == 404
    again = publish(parts)
    public = f"/statistics/publications/{ids.encode('publication', again)}"
    assert reader.get(public).status_code == 200
    assert public in reader.get("/statistics/publications").text
    assert public in reader.get("/statistics/s05_turnover").text
    figure = re.search(r"/statistics/figures/fig_\w+", reader.get(public).text)[0]
    assert "SHA" in reader.get(public).text
    assert reader.get(figure).status_code == 200
    desk = f"/staff/statistics/publications/{ids.encode('publication', again)}"
    assert statistician.post(f"{desk}/withdrawal", reason="").status_code == 422
    statistician.post(f"{desk}/withdrawal", reason="A wrong class.")
    _answer.cache_clear()
    assert "A wrong class." in reader.get(public).text
    assert reader.get(figure).status_code == 410
    assert reader.get("/statistics/s05_turnover.csv").text.count("\n") <= 1


def test_the_running_month_is_for_the_statisticians_alone(visit, traded):
    public = visit("").get("/statistics/s05_turnover.csv").text
    assert public.strip() == ""
    full = visit("statistician").get("/staff/statistics/running?code=s05_turnover")
    assert "¥120" in full.text
    for role in ("buyer", "registrar"):
        assert visit(role).get("/staff/statistics/running").status_code == 403


def test_the_desk_shows_the_soundness_of_the_tape(visit, traded):
    page = visit("statistician").get("/staff/statistics").text
    assert page.count("state--good") >= 5
    assert "state--bad" not in page.split('id="tape-h"')[1].split("licence")[0][:600]
    assert visit("buyer").get("/staff/statistics").status_code == 403


def test_a_month_that_goes_on_or_has_no_cut_is_not_published(parts, people):
    engines = (parts.reads, parts.writes)
    tomorrow = date.today() + timedelta(400)
    with pytest.raises(NotOverYet):
        publishing.propose(parts.config, engines, Cut(tomorrow.replace(day=10)), By)
    with pytest.raises(Invalid):
        publishing.propose(parts.config, engines, Cut(date(2026, 1, 11)), By)


def test_the_api_names_the_publications_and_the_command_reproduces_them(
    app, parts, traded, monkeypatch
):
    number = ids.encode("publication", publish(parts))
    client = app.test_client()
    said = client.get("/api/v1/statistics/s05_turnover").json
    assert [one["id"] for one in said["publications"]] == [number]
    assert said["position"] == said["publications"][0]["position"]
    calendar = client.get("/api/v1/statistics/publications").json
    assert calendar["data"][0]["id"] == number
    assert calendar["coming"]
    whole = client.get(f"/api/v1/statistics/publications/{number}").json
    figure = client.get(f"/api/v1/statistics/figures/{whole['tables'][0]['id']}").json
    assert "SELECT" in figure["sql"]
    monkeypatch.setenv("DATABOURSE_DATA", str(parts.config.data))
    for one in (number, whole["tables"][0]["id"]):
        answer = CliRunner().invoke(main, ["statistics", "reproduce", one])
        assert (answer.exit_code, "✓" in answer.output) == (0, True), answer.output
    listed_ones = CliRunner().invoke(main, ["statistics", "list"]).output
    assert number in listed_ones
    assert CliRunner().invoke(main, ["statistics", "reproduce", "pub_9"]).exit_code == 1


def test_staff_publish_by_api(program, parts):
    statistician = program("statistician")
    cut = due(clock.now_us())[0]
    made = statistician.made("/staff/publications", {"last_day": f"{cut.last_day}"})
    assert (made["state"], made["period"]) == ("proposed", cut.period)
    path = f"/staff/publications/{made['id']}"
    assert statistician.post(f"{path}/decision", {"approve": True}).status_code == 403
    assert len(statistician.read(path)["tables"]) > 20
    wrong = statistician.post("/staff/publications", {"last_day": "2026-01-11"})
    assert wrong.status_code == 422
    assert (
        program("buyer").post(f"{path}/decision", {"approve": True}).status_code == 403
    )


def test_the_yearly_report_is_the_sum_of_its_months_or_withheld(traded, visit, parts):
    year = clock.moment(clock.now_us() + ZONE_US).year
    visitor = visit("buyer")
    address = f"/statistics/years/{year}.pdf"
    assert visitor.get(address).status_code == 404
    publish(parts)
    book = yearbook.compiled(parts, year, "CNY")
    assert book.months == (f"{year}-{book.months[0][5:]}",)
    assert book.turnover is None  # of two parties alone
    assert all(bar.value in {None, 0} for chart in book.charts for bar in chart.bars)
    first = visitor.get(address)
    assert first.mimetype == "application/pdf"
    assert first.data.startswith(b"%PDF")
    assert visitor.get(address).data == first.data
    page = visitor.get("/statistics/publications").text
    assert f"{address}?currency=CNY" in page
    assert "currency=JPY" not in page  # nothing was paid in it
    assert visitor.get("/statistics/years/1999.pdf").status_code == 404


def test_a_year_adds_its_months_up_and_keeps_silent_about_what_is_withheld():
    assert yearbook._sum([1, 2, 0]) == 3
    assert yearbook._sum([1, None]) is None
    drawn = yearbook._drawn(
        yearbook.Chart(
            Name("甲", "A"),
            (
                yearbook.Bar(Name("一", "one"), 400),
                yearbook.Bar(Name("二", "two"), 100),
                yearbook.Bar(Name("三", "three"), None),
            ),
            money=True,
        ),
        "CNY",
    )
    assert [bar[1] for bar in drawn["bars"]] == [100, 25, 0]
    assert drawn["bars"][0][2] == "¥4.00"
    assert "withheld" in drawn["bars"][2][2]
