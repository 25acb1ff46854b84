"""Exports: listings in public as formats describe them, one or a page at a time."""

import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Connection

from listings import catalogue, instruments, publication, releases
from listings.catalogue import Listing
from listings.formats.description import (
    CannotCarry,
    Catalogue,
    Content,
    Description,
    Offer,
    Vendor,
)
from listings.formats.kinds import BY_SUFFIX, for_catalogues, for_class
from listings.formats.sheet import COLUMNS, line
from listings.instruments import Instrument
from listings.marking import N_
from listings.products import Facts
from marketplace.members import organisations
from marketplace.spreadsheet import XLSX, as_csv, as_workbook
from marketplace.trading import reads
from settlement import ids
from settlement.clock import moment
from settlement.errors import Invalid
from settlement.money import plain

PAGE = 100  # listings on a page of the catalogue
SHEET_PAGE = 1_000  # of the catalogue as a table


class Sheet(NamedTuple):
    """A format of tables, for the whole catalogue."""

    name: str
    media_type: str
    write: Callable[[Sequence[str], Iterable[Sequence[Any]]], bytes]


SHEETS = {
    "csv": Sheet("CSV", "text/csv", lambda *t: b"\xef\xbb\xbf" + as_csv(*t).encode()),
    "xlsx": Sheet("Excel", XLSX, as_workbook),
}
TITLE = ("数据产品交易所目录", "Catalogue of the data product exchange")


def one(db: Connection, product: int, root: str) -> Description:
    """Return a listing in public as formats describe it; NotFound for all others.

    *root* is the address of the exchange, without a slash at the end.
    """
    return described(db, [publication.listing(db, product)], root)[0]


def page(
    db: Connection, root: str, suffix: str, after: int = 0, limit: int = 0
) -> Catalogue:
    """Return the page of the catalogue after a product's number.

    *limit* listings; none: as many as its format, *suffix*, has by itself. Invalid if
    that is more than a page has.
    """
    usual = SHEET_PAGE if suffix in SHEETS else PAGE
    if limit > usual:
        raise Invalid({"limit": [N_("A page has fewer listings.")]})
    limit = limit or usual
    found = publication.page(db, after, limit + 1)
    there = found[:limit]
    asked: dict[str, Any] = {"after": ids.encode("product", after)} if after else {}
    size: dict[str, Any] = {} if limit == usual else {"limit": limit}
    where = f"{root}/catalogue.{suffix}"
    following = None
    if len(found) > limit:
        last = ids.encode("product", there[-1].id)
        following = _address(where, {"after": last} | size)
    return Catalogue(
        f"{root}/catalogue",
        TITLE,
        described(db, there, root),
        _address(where, asked | size),
        _address(where, size),
        following,
    )


def written(found: Catalogue, suffix: str) -> tuple[bytes, str]:
    """Return a page of the catalogue in a format, and its media type."""
    if sheet := SHEETS.get(suffix):
        lines = [line(said) for said in found.descriptions]
        return sheet.write(COLUMNS, lines), sheet.media_type
    form = BY_SUFFIX[suffix]
    assert form.write_catalogue is not None
    return form.write_catalogue(found), form.media_type


def _address(where: str, query: dict[str, Any]) -> str:
    return f"{where}?{urlencode(query)}" if query else where


def described(
    db: Connection, found: Iterable[Listing], root: str
) -> tuple[Description, ...]:
    """Return listings with their vendors' names, posted prices and newest files."""
    there = list(found)
    units = instruments.of_products(db, [one.id for one in there])
    numbers = [unit.id for line in units.values() for unit in line]
    prices = reads.posted_prices(db, numbers)
    names = organisations.names(db, {one.vendor for one in there})
    return tuple(
        _described(
            db,
            one,
            Vendor(
                ids.encode("member", one.vendor),
                *names.get(one.vendor, ("", "")),
                f"{root}/market?vendor={ids.encode('member', one.vendor)}",
            ),
            [
                _offer(unit, prices.get(unit.id))
                for unit in units.get(one.id, ())
                if unit.state == "listed"
            ],
            root,
        )
        for one in there
    )


def _described(
    db: Connection, found: Listing, vendor: Vendor, offers: list[Offer], root: str
) -> Description:
    number = ids.encode("product", found.id)
    newest = releases.newest(db, found.id)
    files = catalogue.files_of(db, newest.id) if newest else []
    shown = found._asdict()
    return Description(
        number,
        f"{root}/listings/{number}",
        Facts(**{name: shown[name] for name in Facts._fields}),
        vendor,
        _time(found.admitted_us or found.created_us),
        _time(found.changed_us),
        tuple(offers),
        newest.label if newest else "",
        tuple(Content(f.name, f.size, f.sha256, f.media_type) for f in files),
    )


def _offer(unit: Instrument, price: int | None) -> Offer:
    code = unit.currency_code
    return Offer(
        unit.symbol,
        unit.mode,
        code,
        None if price is None else plain(price, code),
        unit.term_days,
        unit.licence,
        unit.deliveries_max,
        unit.transferable,
    )


def _time(at_us: int) -> str:
    return moment(at_us).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def bundle(
    db: Connection,
    root: str,
    target: Path,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, list[str]]:
    """Write every listing in public in every format into a ZIP file at *target*.

    Return how many listings there are, and what a format could not describe, as
    ``name: format``. *progress* is told how many are done.
    """
    done, after, left_out = 0, 0, list[str]()
    lines: list[list[Any]] = []
    draft = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        while found := publication.page(db, after, PAGE):
            for said in described(db, found, root):
                lines.append(line(said))
                for form in for_class(said.facts.kind):
                    try:
                        content = form.write(said)
                    except CannotCarry:
                        left_out.append(f"{said.id}: {form.name}")
                    else:
                        file.writestr(f"listings/{said.id}.{form.suffix}", content)
            _write_page(db, file, root, after)
            after, done = found[-1].id, done + len(found)
            progress(done)
        for suffix, sheet in SHEETS.items():
            file.writestr(f"catalogue.{suffix}", sheet.write(COLUMNS, lines))
    draft.replace(target)
    return done, left_out


def _write_page(db: Connection, file: zipfile.ZipFile, root: str, after: int) -> None:
    number = ids.encode("product", after)
    for form in for_catalogues():
        content, _ = written(page(db, root, form.suffix, after), form.suffix)
        file.writestr(f"catalogue/after-{number}.{form.suffix}", content)
