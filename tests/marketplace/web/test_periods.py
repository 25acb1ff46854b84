from datetime import date

from marketplace.web.periods import Period, dated, within
from settlement.statistics.questions import Figures, question


def figures(code: str, columns: tuple[str, ...], rows) -> Figures:
    return Figures(question(code), (), {}, columns, rows, 0, 9)


def test_days_are_of_a_period_with_both_its_ends():
    rows = [(date(2026, 1, day), day, 3) for day in (1, 2, 3, 4)]
    found = figures("s05_turnover", ("day", "turnover", "settled"), rows)
    asked = Period(date(2026, 1, 2), date(2026, 1, 3))
    assert [row[1] for row in within(found, asked).rows] == [2, 3]
    assert within(found, Period(None, date(2026, 1, 1))).rows == rows[:1]
    assert within(found, Period(None, None)) == found


def test_a_month_is_whole_or_not_at_all():
    columns = ("period", "trades", "mean", "median")
    rows = [(f"2026-0{month}", 3, 3, 3) for month in (1, 2, 3)]
    found = figures("s06_trades", columns, rows)
    asked = Period(date(2026, 1, 31), date(2026, 2, 1))
    assert within(found, asked).rows == rows[:2]


def test_an_interval_is_of_the_day_that_it_begins_on_in_china():
    late = 20 * 3_600_000_000  # 1970-01-01 20:00 UTC is the second of January there
    found = figures("candles", ("begins_us", "open"), [(0, 1), (late, 2)])
    second = date(1970, 1, 2)
    assert within(found, Period(second, second)).rows == [(late, 2)]


def test_only_the_cells_of_the_period_count_as_withheld():
    rows = [(date(2026, 1, 1), None, None), (date(2026, 1, 2), 9, 9)]
    found = figures("s05_turnover", ("day", "turnover", "settled"), rows)
    first, second = date(2026, 1, 1), date(2026, 1, 2)
    assert within(found, Period(first, first)).withheld == 1
    assert within(found, Period(second, second)).withheld == 0


def test_what_has_no_day_has_no_period():
    rows = [("listed", 3, 0.5)]
    columns = ("state", "instruments", "posted_share")
    found = figures("s13_posted", columns, rows)
    assert dated(found.columns) is None
    assert within(found, Period(date(2026, 1, 1), date(2026, 1, 1))) == found
