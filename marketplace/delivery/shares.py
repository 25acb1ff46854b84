"""A right as a share: which tables its releases hold, at which versions.

The table of a file is called as the file is, without its suffix; its versions are the
releases of the product in the order in which they were made, the first one 0. A right
opens the versions that its terms include, see `listings.releases.served`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from listings import releases
from listings.cuts.copies import Whose, copied
from listings.cuts.settings import Cut, load
from listings.quality import reports
from listings.quality.preparation import Prepared, tables
from listings.releases import File, Release
from marketplace.services import Services
from settlement import ids, statements
from settlement.errors import NotFound, Refusal

SCHEMA = "releases"  # the only one of each share
NAME_MAX = 80  # characters


@dataclass(eq=False)
class NoSuchVersion(Refusal):
    """This right does not open that version of the table."""

    table: str
    versions: list[int]


@dataclass(eq=False)
class NotComparable(Refusal):
    """Which rows this version changed cannot be told; read both versions instead."""

    table: str
    version: int


class Tailored(NamedTuple):
    """What a licence leaves of tables, and whose copies they are."""

    cut: Cut
    product: int
    holder: int


class Version(NamedTuple):
    """A table in one release."""

    number: int
    release: Release
    file: File
    place: int  # of the table in its file
    cut: Tailored | None = None  # what the licence leaves of it, and for whom

    @property
    def at_us(self) -> int:
        """Return since when it is served."""
        return self.release.live_us or self.release.created_us

    def prepared(self, parts: Services) -> Prepared:
        """Return it as Parquet; NotTabular if it cannot be."""
        found = tables(parts.reads, parts.writes, parts.files, self.file)
        prepared = found[self.place]
        if self.cut is None:
            return prepared
        return copied(
            *(parts.reads, parts.writes, parts.files, prepared, self.cut.cut),
            secrets_of(parts, self.cut.product, self.cut.holder),
        )


class Shared(NamedTuple):
    """A table with the versions that a right opens, oldest first."""

    name: str
    versions: tuple[Version, ...]

    def at(self, number: int | None = None, by_us: int | None = None) -> Version:
        """Return the version called *number*, the newest at *by_us*, or the newest."""
        for version in reversed(self.versions):
            wanted = number is None or version.number == number
            if wanted and (by_us is None or version.at_us <= by_us):
                return version
        raise NoSuchVersion(self.name, [v.number for v in self.versions])

    def since(self, at_us: int) -> Version:
        """Return the first version that is served from *at_us* on, or later."""
        for version in self.versions:
            if version.at_us >= at_us:
                return version
        raise NoSuchVersion(self.name, [v.number for v in self.versions])

    def between(self, first: int, last: int | None) -> tuple[Version, ...]:
        """Return the versions *first* to *last*, which must both be there."""
        self.at(first)
        end = self.at(last).number
        return tuple(v for v in self.versions if first <= v.number <= end)


def shared(db: Connection, right: Row[Any]) -> list[Shared]:
    """Return the tables that *right* opens now, by name; a clean room's are not."""
    terms = statements.terms(db, right.terms)
    cut = None
    if "cut" in terms:
        product = ids.decode("product", terms["product"])
        cut = Tailored(load(terms["cut"]), product, right.holder)
    found: dict[str, list[Version]] = {}
    names: dict[str, str] = {}
    for number, release in _releases(db, terms):
        for name, version in tables_in(db, release, number, cut):
            names[name.lower()] = name
            found.setdefault(name.lower(), []).append(version)
    return [Shared(names[name], tuple(found[name])) for name in sorted(found)]


def tables_in(
    db: Connection, release: Release, number: int = 0, cut: Tailored | None = None
) -> list[tuple[str, Version]]:
    """Return the tables in one release, the *number*-th, with what they are called."""
    found = []
    reported = reports.of_release(db, release.id)
    taken: set[str] = set()
    for file in releases.files_of(db, release.id):
        report = reported.get(file.id)
        inside = report.tables if report else []
        for place, name in enumerate(_names(file.name, inside, taken)):
            if cut is None or _opens(cut.cut, inside[place]):
                found.append((name, Version(number, release, file, place, cut)))
    return found


def secrets_of(parts: Services, product: int, holder: int) -> Whose:
    """Return what makes a holder's copies of a product's tables theirs."""
    mark = parts.vault.derive(f"mark {product}").hex()
    mask = parts.vault.derive(f"mask {product} {holder}").hex()
    return Whose(product, holder, mark, mask)


def table(db: Connection, right: Row[Any], name: str) -> Shared:
    """Return the table called *name*, in any case; NotFound if there is none."""
    for each in shared(db, right):
        if each.name.lower() == name.lower():
            return each
    raise NotFound("table", name[:NAME_MAX])


def _opens(cut: Cut, table: dict[str, Any]) -> bool:
    """Tell whether a table has every column that rows are chosen by."""
    names = {str(column["name"]).lower() for column in table["columns"]}
    return all(rows.column.lower() in names for rows in cut.rows)


def _releases(db: Connection, terms: dict[str, Any]) -> Iterable[tuple[int, Release]]:
    """Yield the releases that *terms* open with their numbers, oldest first."""
    release = terms.get("release")
    if not release or "cleanroom" in terms:
        return
    window = terms.get("releases") or {"history": 0, "future": 0}
    own = releases.get(db, ids.decode("release", release["id"]))
    every = releases.of_product(db, own.product)
    final = sorted(one.id for one in every if one.finalised_us is not None)
    served = releases.served(db, own.id, window["history"], window["future"])
    for one in sorted(served):
        yield final.index(one.id), one


def _names(file: str, inside: list[dict[str, Any]], taken: set[str]) -> list[str]:
    """Return what the tables *inside* a file are called, none as one in *taken*."""
    made = []
    for each in inside:
        words = [PurePath(file).stem]
        if len(inside) > 1:
            words.append(PurePath(each["name"]).stem)
        name = re.sub(r"[^\w-]+", "_", "_".join(words)).strip("_")[:NAME_MAX] or "table"
        number, free = 1, name
        while free.lower() in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free.lower())
        made.append(free)
    return made


def schema_text(prepared: Prepared) -> str:
    """Return the schema of a table as Spark writes it."""
    fields = [
        {"name": c["name"], "type": c["type"], "nullable": True, "metadata": {}}
        for c in prepared.columns
    ]
    return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)
