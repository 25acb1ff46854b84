"""A listing as formats write it, and what a format has no words for, beside it.

Every format says what it can in words of its own. What its own words do not give back
when they are read again goes into one object beside them, so that export → import loses
nothing: other programs ignore it, `restored` puts it back. Only what differs is there;
there are no two truths.
"""

import re
from typing import Any, NamedTuple

from listings import spdx
from listings.dictionary import COLUMNS_MAX
from listings.formats.entry import Described, Found, Rejected
from listings.licences import Licence
from listings.products import Facts
from settlement.errors import Refusal

BESIDE = "databourse"  # the name of that object
TABLES = ("text/csv", "application/vnd.apache.parquet", "application/x-parquet")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_LISTS = {"keywords": str, "dictionary": dict}
_NUMBERS = {"row_count", "size_bytes"}
_OBJECTS = {"sample", "extra", "rights"}
_ABSENT = Facts("")  # what each field is when nothing is said


class Vendor(NamedTuple):
    """Who lists it."""

    id: str  # public
    zh: str
    en: str
    url: str

    @property
    def name(self) -> str:
        """The Chinese name, else the English one."""
        return self.zh or self.en


class Offer(NamedTuple):
    """An instrument as formats write it: licence, unit, and the price posted now."""

    symbol: str
    mode: str
    currency: str  # ISO 4217
    price: str | None  # decimal; None: no price is posted
    term_days: int | None
    licence: Licence
    deliveries_max: int | None = None
    transferable: bool | None = None

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing."""
        return self.mode == "free"


class Content(NamedTuple):
    """A file that is delivered."""

    name: str
    size: int  # bytes
    sha256: str
    media_type: str


class Description(NamedTuple):
    """A listing with all that formats say of it; addresses are absolute."""

    id: str  # public, prd_…
    url: str  # of its page
    facts: Facts
    vendor: Vendor
    issued: str  # ISO 8601, UTC
    modified: str
    offers: tuple[Offer, ...] = ()
    release: str = ""
    files: tuple[Content, ...] = ()

    @property
    def title(self) -> str:
        """The Chinese title, else the English one."""
        return self.facts.title_zh or self.facts.title_en

    @property
    def about(self) -> str:
        """What it is, never empty: description, else summary, else title."""
        facts = self.facts
        return (
            (facts.description_zh or facts.description_en)
            or (facts.summary_zh or facts.summary_en)
            or (self.title or self.id)
        )

    @property
    def table(self) -> Content | None:
        """The file that the dictionary describes: the first table, else the first."""
        tables = (f for f in self.files if f.media_type.startswith(TABLES))
        return next(tables, self.files[0] if self.files else None)

    @property
    def licences(self) -> tuple[Licence, ...]:
        """Each licence that it is sold under, once."""
        return tuple({o.licence.code: o.licence for o in self.offers}.values())


class Catalogue(NamedTuple):
    """One page of the listings in public."""

    url: str  # of the catalogue
    title: tuple[str, str]  # Chinese, English
    descriptions: tuple[Description, ...]
    page: str  # the address of this page
    first: str
    next: str | None


class CannotCarry(Refusal):
    """This format cannot describe this product: what it must have is not there."""


def licence_url(licence: Licence) -> str:
    """Return an address that names a licence: its own, SPDX's, or a name of ours."""
    if licence.spdx:
        return f"https://spdx.org/licenses/{licence.spdx}"
    return licence.url or f"urn:databourse:licence:{licence.code}:{licence.version}"


def licence_of(text: str) -> Licence:
    """Return the licence that a document names by identifier, address or words."""
    code = text.rstrip("/").rpartition("/")[2]
    return spdx.licence(code) if code in spdx.OPEN else spdx.of(text)


def language_of(text: str) -> str:
    """Return "zh" if *text* has Chinese characters, else "en"."""
    return "zh" if _HAN.search(text) else "en"


def in_both(text: str) -> tuple[str, str]:
    """Return *text* as (Chinese, English): in the place of its language."""
    return (text, "") if language_of(text) == "zh" else ("", text)


def slug(text: str) -> str:
    """Return *text* in small letters, digits and hyphens, as names in formats are."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "data"


def beside(facts: Facts, understood: Facts) -> dict[str, Any]:
    """Return what of *facts* the reading of a format's own words does not give."""
    pairs = zip(Facts._fields, facts, understood, strict=True)
    return {name: value for name, value, read in pairs if value != read}


def facts_in(found: Found) -> Facts:
    """Return the facts that were read; none if nothing was."""
    return found.facts if isinstance(found, Described) else Facts("dataset")


def restored(place: str, found: Found, carried: Any) -> Found:
    """Return *found* with what was *carried* beside it; Rejected if that is wrong."""
    if carried is None or not isinstance(found, Described):
        return found
    if not isinstance(carried, dict):
        return Rejected(place, f"{BESIDE}: not an object")
    for name, value in carried.items():
        if not _is_kind(name, value):
            return Rejected(place, f"{BESIDE}.{name}: not a value of this field")
    merged = found.facts._replace(**carried)
    facts = merged._replace(
        keywords=tuple(merged.keywords), dictionary=tuple(merged.dictionary)
    )
    return found._replace(facts=facts)


def _is_kind(name: str, value: Any) -> bool:
    """Tell whether a value out of a document can be of a field."""
    if name not in Facts._fields:
        return False
    if name in _LISTS:
        is_list = isinstance(value, list | tuple) and len(value) <= COLUMNS_MAX
        return is_list and all(isinstance(part, _LISTS[name]) for part in value)
    if value is None:
        return getattr(_ABSENT, name) is None
    kind = int if name in _NUMBERS else dict if name in _OBJECTS else str
    return isinstance(value, kind) and not isinstance(value, bool)


def keep(known: set[str], document: dict[str, Any]) -> dict[str, Any] | None:
    """Return what of a *document* nobody understands, for `extra`; None if nothing."""
    return {k: v for k, v in document.items() if k not in known and v != []} or None


def described(
    place: str, raw: Any, facts: Facts, licence: str = "", free: bool = False
) -> Found:
    """Return an entry, or Rejected if it has no title."""
    if not (facts.title_zh or facts.title_en):
        return Rejected(place, "no title")
    return Described(place, raw, facts, licence_of(licence), "free" if free else "ask")
