"""What documents say in both languages at once: lines, tables, sections."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from listings.vocabulary import Name
from settlement import clock

TEXT_MAX = 4_000  # characters of one text on paper; the pages show all of it
SHORT = 20  # characters that both languages of a text share one line with
DASH = Name("–", "–")


class Line(NamedTuple):
    """One field; texts that are the same in both languages stand twice."""

    label: Name
    said: Name


class Grid(NamedTuple):
    """A table."""

    heads: tuple[Name, ...]
    rows: tuple[tuple[Name, ...], ...]


_NO_GRID = Grid((), ())


class Section(NamedTuple):
    """A section: lines, and a table under them."""

    title: Name
    lines: tuple[Line, ...] = ()
    grid: Grid | None = None


def printable(section: Section) -> dict[str, Any]:
    """Return a section as a template of ours takes it."""
    grid = section.grid or _NO_GRID
    return {
        "title": joined(section.title),
        "lines": [(joined(one.label), joined(one.said)) for one in section.lines],
        "heads": [joined(head) for head in grid.heads],
        "rows": [[joined(cell) for cell in row] for row in grid.rows],
    }


def same(text: str) -> Name:
    """Return a text that is the same in both languages."""
    return Name(text, text)


def text(zh: str, en: str) -> Name:
    """Return a text in both languages, cut to what a sheet holds."""
    both = (zh.strip() or en.strip(), en.strip() or zh.strip())
    cut = [t if len(t) <= TEXT_MAX else t[:TEXT_MAX] + "…" for t in both]
    return Name(*cut) if all(cut) else DASH


def line(label_zh: str, label_en: str, zh: str, en: str | None = None) -> Line:
    """Return a labelled line; *en* where the English differs."""
    return Line(Name(label_zh, label_en), text(zh, zh if en is None else en))


def code(codes: Mapping[str, Name], code: str | None) -> Name:
    """Return what a code is called; a dash for none."""
    return codes.get(code or "", same(code) if code else DASH)


def listed(names: Iterable[Name]) -> Name:
    """Return names one after another."""
    known = list(names)
    if not known:
        return DASH
    return Name("、".join(n.zh for n in known), ", ".join(n.en for n in known))


def day(at_us: int | None) -> Name:
    """Return the day of a moment."""
    return DASH if at_us is None else same(clock.moment(at_us).strftime("%Y-%m-%d"))


def joined(name: Name) -> str:
    """Return both languages as the paper has them; what is the same stands once."""
    if name.zh == name.en:
        return name.zh
    between = " " if len(name.zh) + len(name.en) < SHORT else "\n"
    return f"{name.zh}{between}{name.en}"
