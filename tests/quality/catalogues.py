"""The real catalogues as entries of the index, without a database."""

import os
from collections.abc import Iterator
from pathlib import Path

from listings.formats.entry import Described
from listings.importing import FORMATS
from listings.search.entry import Entry

FILES = {
    "akshare-interfaces": ("interfaces.json", "doc_samples.jsonl"),
    "aws-open-data-registry": ("registry.jsonl", "tools_and_applications.jsonl"),
    "firstdata": ("all-sources.json",),
}


def directory() -> Path | None:
    """Return where the catalogues are, if they are on this machine."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("DATABOURSE_CATALOGUES", beside))
    return path if (path / "firstdata").is_dir() else None


def entries(catalogues: Path) -> Iterator[tuple[str, Entry]]:
    """Yield every entry with its stable id, ``catalogue:id``."""
    number = 0
    for name, files in FILES.items():
        for found in FORMATS[name].read([catalogues / name / file for file in files]):
            if not isinstance(found, Described):
                continue
            number += 1
            facts = found.facts
            yield (
                f"{name}:{found.id}",
                Entry(
                    number,
                    facts.title_zh,
                    facts.title_en,
                    number,
                    facts.summary_zh,
                    facts.summary_en,
                    facts.description_zh,
                    facts.description_en,
                    facts.keywords,
                    kind=facts.kind,
                    sector=facts.sector or "",
                    region=facts.region or "",
                    licence=found.licence.spdx or found.licence.code,
                    price=0 if found.mode == "free" else None,
                    updates=facts.updates or "",
                ),
            )
