"""Real files, messy as they are: everything is read or refused, and nothing is lost."""

from collections import Counter
from itertools import islice

import pytest

from listings.formats.documents import DocumentTooLarge, Malformed
from listings.formats.entry import Described, Rejected
from listings.formats.table import NoTable
from listings.intake.recognition import TABLE, entries, recognise, suggested
from tests.listings.conftest import catalogues

__all__ = ["catalogues"]
ROWS = 300  # of each file
SUFFIXES = {".csv", ".json", ".jsonl", ".geojson", ".arrow", ".parquet", ".yaml"}
IN_ITS_LANGUAGE = ("title", "summary", "description")


def lost(row: dict[str, str], mapping: dict[str, str], found: Described) -> list[str]:
    """Return the columns whose text is neither in a fact nor beside the facts."""
    facts = found.facts._asdict()
    extra = facts["extra"] or {}
    gone = []
    for column, text in row.items():
        field = mapping.get(column, "")
        names = [field, *(f"{field}_{tag}" for tag in ("zh", "en"))]
        beside = str(extra.get(column, "")).strip() == text.strip()
        kept = beside or (field == "id" and found.id == text.strip())
        if not (kept or any(facts.get(name) for name in names) or not text.strip()):
            gone.append(column)
    return gone


def test_every_real_file_is_read_or_refused_and_no_cell_is_lost(catalogues):
    files = [p for p in sorted(catalogues.rglob("*")) if p.suffix in SUFFIXES]
    assert len(files) > 40
    outcomes: Counter[str] = Counter()
    for path in files:
        data = path.read_bytes()
        try:
            known = recognise(data)
        except (Malformed, NoTable, DocumentTooLarge):
            outcomes["refused"] += 1
            continue
        mapping = suggested(known.table) if known.table else {}
        outcomes[known.form] += 1
        rows = known.table.rows if known.table else ()
        read = list(islice(entries(data, known, mapping), ROWS))
        assert read, path
        for number, (place, one) in enumerate(read):
            assert isinstance(one.found, Described | Rejected), (path, place)
            if known.form == TABLE and isinstance(one.found, Described):
                row = rows[number][1]
                assert lost(row, mapping, one.found) == [], (path, place)
    assert outcomes[TABLE] > 20
    assert outcomes["openapi.json"] >= 7
    assert outcomes["datapackage.json"] >= 1


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("firstdata/all-sources.json", 6),
        ("aws-open-data-registry/registry.jsonl", 6),
        ("akshare-interfaces/interfaces.json", 4),
    ],
)
def test_real_catalogues_are_recognised_by_their_columns(catalogues, name, least):
    known = recognise((catalogues / name).read_bytes())
    assert known.table is not None
    mapping = suggested(known.table)
    assert len([field for field in mapping.values() if field]) >= least
    read = [one.found for _, one in entries(b"", known, mapping)]
    assert len([one for one in read if isinstance(one, Described)]) > 0.99 * len(read)
