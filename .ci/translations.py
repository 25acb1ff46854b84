"""Collect what the pages say, check that it is translated, compile the translations.

``make translations`` collects every string into the catalogues, keeping what is
translated; ``--check`` names each string without a sound translation; Hatchling calls
the hook, so that every installation carries compiled catalogues.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "marketplace" / "translations"
LANGUAGES = ("zh",)  # the source language is English
ROOMS = ("marketplace", "listings", "settlement")
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}


class Translations(BuildHookInterface[Any]):
    """Hatchling's hook: what is installed has its translations compiled."""

    PLUGIN_NAME = "custom"

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        """Compile before the files are gathered."""
        compile_all()


@cache
def collected() -> Catalog:
    """Return every string for visitors: templates, code, and titles of refusals."""
    catalog = Catalog(project="databourse", charset="utf-8", fuzzy=False)
    for file, line, message, comments, context in _extracted():
        catalog.add(
            message, None, [(file, line)], auto_comments=comments, context=context
        )
    for title, file, line in _titles():
        catalog.add(title, None, [(file, line)])
    return catalog


def _extracted() -> Iterator[tuple[Any, ...]]:
    pages, code = [("**.html", "jinja2.ext:babel_extract")], [("**.py", "python")]
    # Without "silent", a template that does not parse would lose its strings quietly.
    options = {"**.html": {"silent": "false"}}
    for folder, methods in (("templates", pages), *((room, code) for room in ROOMS)):
        for file, *found in extract_from_dir(
            ROOT / folder, methods, options, KEYWORDS, ("Translators:",)
        ):
            yield (f"{folder}/{file}", *found)


def _titles() -> Iterator[tuple[str, str, int]]:
    """Yield the first docstring line of each Refusal: its message to the visitor."""
    classes = [
        (node, path.relative_to(ROOT).as_posix())
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    known, size = {"Refusal"}, 0
    while len(known) > size:  # subclasses of subclasses, until there are no more
        size = len(known)
        known |= {node.name for node, _ in classes if _bases(node) & known}
    for node, path in classes:
        if node.name == "Refusal" or _bases(node) & known:
            title = (ast.get_docstring(node) or "").partition("\n")[0]
            yield title, path, node.lineno


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def read(source: Path) -> Catalog:
    """Return the catalogue in *source*; its folder names the language."""
    if not source.exists():
        return Catalog(
            locale=source.parent.parent.name,
            project="databourse",
            version="1",
            last_translator="Databourse",
            msgid_bugs_address="none",
            header_comment="# Collected by `make translations`, translated by hand.",
            fuzzy=False,
        )
    with source.open("rb") as file:
        return read_po(file, locale=source.parent.parent.name)


def catalogue(language: str) -> Path:
    """Return where the translations into *language* are written."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def collect() -> None:
    """Bring the catalogues to the strings of today; translated ones stay."""
    template = collected()
    for language in LANGUAGES:
        source = catalogue(language)
        catalog = read(source)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        source.parent.mkdir(parents=True, exist_ok=True)
        with source.open("wb") as file:
            write_po(file, catalog, width=88, sort_by_file=True, include_lineno=False)
        print(f"{source.relative_to(ROOT)}: {len(catalog)} strings")


def faults() -> Iterator[str]:
    """Yield a sentence for every string that a visitor could meet untranslated."""
    template = collected()
    for language in LANGUAGES:
        catalog = read(catalogue(language))
        for wanted in template:
            if not wanted.id:
                continue
            found = catalog.get(wanted.id, wanted.context)
            if found is None or not found.string or not all(_forms(found.string)):
                yield f"{language}: no translation of {wanted.id!r} {wanted.locations}"
            elif found.fuzzy:
                yield f"{language}: unsure translation of {wanted.id!r}"
            else:
                for fault in found.check(catalog):
                    yield f"{language}: {wanted.id!r}: {fault}"


def _forms(string: Any) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def compile_all() -> None:
    """Write an .mo beside each .po that is newer."""
    for source in sorted(FOLDER.rglob("*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            with target.open("wb") as file:
                write_mo(file, read(source))


def main(arguments: list[str]) -> int:
    """Collect and compile, or check; return the exit code."""
    if arguments == ["--check"]:
        found = list(faults())
        for sentence in found:
            print(sentence, file=sys.stderr)
        print(f"{len(found)} strings lack a translation" if found else "all translated")
        return 1 if found else 0
    collect()
    compile_all()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
