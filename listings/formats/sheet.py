"""The catalogue as a table, one line a listing, with columns that our import knows.

What a format of its own describes better (columns of files, samples, rights) stays out;
an import of the table keeps the columns that are no facts beside the product.
"""

from typing import Any

from listings.formats.description import Description

COLUMNS = (
    *("id", "url", "vendor_id", "vendor_zh", "vendor_en", "title_zh", "title_en"),
    *("summary_zh", "summary_en", "description_zh", "description_en", "keywords"),
    *("kind", "sector", "region", "updates", "publisher", "publisher_url"),
    *("source_url", "coverage_from", "coverage_until", "row_count", "size_bytes"),
    *("rights_note", "licence", "offers", "issued", "modified", "release", "files"),
)


def line(said: Description) -> list[Any]:
    """Return the cells of a listing, in the order of COLUMNS."""
    facts, licences = said.facts._asdict(), said.licences
    cells = facts | {
        "id": said.id,
        "url": said.url,
        "vendor_id": said.vendor.id,
        "vendor_zh": said.vendor.zh,
        "vendor_en": said.vendor.en,
        "keywords": "; ".join(said.facts.keywords),
        "licence": licences[0].code if len(licences) == 1 else "",
        "offers": "; ".join(
            " ".join(filter(None, (o.symbol, o.licence.code, o.mode, o.price)))
            + (f" {o.currency}" if o.price else "")
            for o in said.offers
        ),
        "issued": said.issued,
        "modified": said.modified,
        "release": said.release,
        "files": "; ".join(content.name for content in said.files),
    }
    return [cells[name] for name in COLUMNS]
