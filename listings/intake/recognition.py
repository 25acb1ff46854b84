"""What a file is: one of the formats, or a table; and the products it describes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from listings.formats import rows, table
from listings.formats.columns import guesses
from listings.formats.documents import Malformed, json_of, objects, within_size
from listings.formats.entry import Found, Rejected, Stray
from listings.formats.kinds import BY_SUFFIX
from listings.formats.rows import Read
from listings.formats.table import Choice, Table

TABLE = "table"
_CKAN = {"license_id", "metadata_created", "num_resources", "owner_org", "notes"}


class Recognised(NamedTuple):
    """A file understood: its form, and the table where it is one."""

    form: str  # "table" or the suffix of a format
    table: Table | None


def recognise(
    data: bytes, form: str = "", choice: Choice = table.FIND_OUT
) -> Recognised:
    """Return what *data* is, or read it as *form*; refusals as its reader has them."""
    within_size(data)
    form = form or form_of(data)
    return Recognised(form, table.read(data, choice) if form == TABLE else None)


def form_of(data: bytes) -> str:
    """Return the form of a file by its beginning and, of JSON, by its names."""
    head = data[:4000].lstrip(b"\xef\xbb\xbf \t\r\n")
    for rule, form in _BEGINNINGS.items():
        if re.search(rule, head):
            return form
    if not head.startswith((b"{", b"[")):
        return TABLE
    try:
        first = next(iter(objects(json_of(data))), {})
    except Malformed:
        return TABLE  # JSON lines, or broken; the reader of tables names the line
    return next((form for form, is_it in _SIGNS.items() if is_it(first)), TABLE)


_BEGINNINGS = {
    rb"\A<": "rdf",
    rb"(?i)\A(#.*\s+)*(@prefix|@base|prefix)\s": "ttl",
    rb"(?m)^kind:\s*['\"]?DataContract": "odcs.yaml",
    rb"(?m)^(openapi|swagger):": "openapi.json",
}


def _is_schema_org(value: dict[str, Any]) -> bool:
    context = str(value.get("@context", ""))
    return "schema.org" in context and "w3.org/ns/dcat" not in context


def _is_package(value: dict[str, Any]) -> bool:
    parts = objects(value.get("resources"))
    return "name" in value and any({"path", "data"} & part.keys() for part in parts)


# The first that is true decides.
_SIGNS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "openapi.json": lambda value: bool({"openapi", "swagger"} & value.keys()),
    "croissant.json": lambda value: "croissant" in str(value.get("conformsTo", "")),
    "schema.jsonld": _is_schema_org,
    "jsonld": lambda value: "@context" in value,
    "datapackage.json": _is_package,
    "ckan.json": lambda value: (
        len(_CKAN & value.keys()) > 1 or ("success" in value and "result" in value)
    ),
}


def suggested(found: Table, saved: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return column → field: a *saved* mapping where it knows the column, else ours."""
    known = saved or {}
    taken = {known[column] for column in found.columns if known.get(column)}
    found_out = {g.column: "" if g.field in taken else g.field for g in guesses(found)}
    return found_out | {name: f for name, f in known.items() if name in found_out}


def entries(
    data: bytes, known: Recognised, mapping: Mapping[str, str]
) -> Iterator[tuple[str, Read]]:
    """Yield (place, what it became) of every entry of a file, in its order."""
    if known.table is not None:
        for place, row in known.table.rows:
            yield place, rows.describe(place, row, mapping)
        return
    for number, found in enumerate(BY_SUFFIX[known.form].read(data), 1):
        yield f"#{number}", Read(_sound(found))


def _sound(found: Found) -> Any:
    return Rejected(found.id, found.reason) if isinstance(found, Stray) else found
