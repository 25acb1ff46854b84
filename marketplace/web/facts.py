"""What the facts of a product are called where they are mapped and compared."""

from marketplace.language import N_

# The last ones are no facts of a product: they say who it is, and how it is sold.
NAMES = {
    "kind": N_("Class"),
    "title_zh": N_("Title in Chinese"),
    "title_en": N_("Title in English"),
    "summary_zh": N_("Summary in Chinese"),
    "summary_en": N_("Summary in English"),
    "description_zh": N_("Description in Chinese"),
    "description_en": N_("Description in English"),
    "keywords": N_("Keywords"),
    "sector": N_("Sector"),
    "region": N_("Region"),
    "updates": N_("Update frequency"),
    "publisher": N_("Publisher"),
    "publisher_url": N_("Address of the publisher"),
    "source_url": N_("Address of the data"),
    "coverage_from": N_("Covers from"),
    "coverage_until": N_("Covers until"),
    "row_count": N_("Rows"),
    "size_bytes": N_("Size in bytes"),
    "dictionary": N_("Data dictionary"),
    "sample": N_("Sample"),
    "rights_note": N_("Note on rights"),
    "extra": N_("Everything else, as it was"),
    "id": N_("Number in your catalogue"),
    "title": N_("Title, in its language"),
    "summary": N_("Summary, in its language"),
    "description": N_("Description, in its language"),
    "licence": N_("Licence"),
    "price": N_("Price"),
    "currency": N_("Currency"),
    "unit": N_("What the price is for"),
}
