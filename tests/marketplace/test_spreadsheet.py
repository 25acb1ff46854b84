import csv
import io
from datetime import date

import pytest

from marketplace.spreadsheet import as_csv


def test_numbers_days_and_text_come_through():
    rows = [(date(2026, 1, 2), -5, 0.25, 'say "1,2"', None)]
    text = as_csv(("day", "units", "share", "title", "withheld"), rows)
    assert text.endswith("\r\n")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert list(row.values()) == ["2026-01-02", "-5", "0.25", 'say "1,2"', ""]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C x'!A0"]
)
def test_no_text_is_taken_for_a_formula(text):
    (row,) = csv.reader(io.StringIO(as_csv((text,), []), newline=""))
    assert row == [f"'{text}"]
    _, row = csv.reader(io.StringIO(as_csv(("name",), [(text,)]), newline=""))
    assert row == [f"'{text}"]
