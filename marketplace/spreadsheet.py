"""Tables as CSV (RFC 4180) and Excel: what a spreadsheet opens, and never runs."""

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter

# A spreadsheet takes text that begins so for a formula:
# owasp.org/www-community/attacks/CSV_Injection
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELL_MAX = 32_000  # characters; Excel itself takes 32,767
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a line of names and one for each row; what is withheld stays empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(_inert, columns))
    writer.writerows(map(_inert, row) for row in rows)
    return text.getvalue()


def as_workbook(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return an Excel workbook with one sheet; texts stay texts, numbers numbers."""
    file = BytesIO()
    inert = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **inert}) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate([columns, *rows]):
            for column, value in enumerate(line):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_string(number, column, str(value)[:CELL_MAX])
    return file.getvalue()


def _inert(value: Any) -> Any:
    """Return a cell that is shown and never computed; numbers stay numbers."""
    harmful = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if harmful else value
