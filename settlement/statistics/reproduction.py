"""Reproduction: a publication computed again from the tape, and compared.

By the texts of the questions that were published, at its position of the journal and
with what the tape was about then. Anybody with a copy of the records may do the same.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from settlement.statistics import publications
from settlement.statistics.publications import Shelf, sum_of
from settlement.statistics.questions import Question, questions
from settlement.statistics.vintages import Compiled, compiled


class Compared(NamedTuple):
    """One table: what was published, and what comes out now."""

    figure: int
    question: str
    by: str
    published: str  # hash of the rows
    again: str  # "" if it does not come out any more

    @property
    def is_same(self) -> bool:
        """Tell whether it is the same to the byte."""
        return self.published == self.again


class Reproduction(NamedTuple):
    """All tables of a publication, and whether its own hash is that of its tables."""

    publication: int
    tables: list[Compared]
    is_whole: bool

    @property
    def is_same(self) -> bool:
        """Tell whether everything came out as it was published."""
        return self.is_whole and all(table.is_same for table in self.tables)


def reproduce(
    db: Connection, shelf: Shelf, number: int, only: int | None = None
) -> Reproduction:
    """Compute a publication again, or *only* one of its tables. NotFound."""
    row = publications.get(db, number)
    kept = publications.tables_of(db, number)
    earlier = [shelf.moment(one) for one in publications.before(db, row)]
    asked = dict(_texts(db, kept))
    again = {
        (table.question, table.by): table
        for table in compiled(shelf.moment(row), earlier, asked)
    }
    is_whole = row.sha256 == sum_of(row._asdict(), kept)
    return Reproduction(
        number,
        [
            _compared(one, again.get((one.question, one.by)))
            for one in kept
            if only in {None, one.id}
        ],
        is_whole and (only is not None or len(again) == len(kept)),
    )


def _texts(db: Connection, kept: list[Row[Any]]) -> Iterator[tuple[str, Question]]:
    """Yield the questions with the texts that they had, in the order of today."""
    then = {one.question: one.query for one in kept}
    for code in sorted({*then}, key=lambda code: (code not in questions(), code)):
        yield code, publications.text(db, then[code], code)


def _compared(kept: Row[Any], again: Compiled | None) -> Compared:
    """Compare a table; one that was changed where it is kept is not the same."""
    said = Compiled(*(kept._mapping[name] for name in Compiled._fields))  # noqa: SLF001 (a Row's own)
    same = said.sha256 == kept.sha256
    found = again.sha256 if again and again.query == kept.query and same else ""
    return Compared(kept.id, kept.question, kept.by, kept.sha256, found)
