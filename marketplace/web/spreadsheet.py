"""Figures as CSV (RFC 4180): what a spreadsheet opens, and nothing that it runs."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

# A spreadsheet takes text that begins so for a formula:
# owasp.org/www-community/attacks/CSV_Injection
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a line of names and one for each row; what is withheld stays empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(_inert, columns))
    writer.writerows(map(_inert, row) for row in rows)
    return text.getvalue()


def _inert(value: Any) -> Any:
    """Return a cell that is shown and never computed; numbers stay numbers."""
    harmful = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if harmful else value
