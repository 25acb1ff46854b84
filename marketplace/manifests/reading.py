"""YAML with the line of every value, read by the fields that it is meant for.

Text stays the text that is written: ``region: 31``, ``no`` and ``2020-01-01`` are no
numbers, truths or days where a field asks for text. Elsewhere a plain value is what
the core schema of YAML 1.2 (§10.3.2) makes of it. Aliases and tags are refused: a few
lines of them are a file without end.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple

import yaml
from marshmallow import Schema, fields

from listings.marking import N_
from settlement.errors import Invalid

TEXT_MAX = 2_000_000  # characters of a file
DOCUMENTS_MAX = 200
DEPTH_MAX = 30
NULL = re.compile(r"|~|null|Null|NULL")
TRUTH = {"true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}
WHOLE = re.compile(r"[-+]?[0-9]{1,40}", re.ASCII)
BROKEN = re.compile(
    r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?", re.ASCII
)
OF_YAML = "tag:yaml.org,2002:"


class Written(NamedTuple):
    """One document: its values, and the line of each by its path."""

    values: dict[str, Any]
    lines: dict[str, int]  # "instruments.0.symbol" → 12; "" is the document itself

    def line(self, path: str) -> int:
        """Return the line of *path*, or of what it would stand in."""
        while path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines[path]


class Problem(NamedTuple):
    """What is wrong where."""

    line: int
    path: str
    text: str


def read(text: str, schema: Schema) -> tuple[list[Written], list[Problem]]:
    """Return the documents of *text* and what is no YAML of ours in them.

    Invalid if it cannot be read at all.
    """
    if len(text) > TEXT_MAX:
        raise Invalid({"1": [N_("This text is too long.")]})
    found: list[Written] = []
    problems: list[Problem] = []
    try:
        for node in yaml.compose_all(text, Loader=LOADER):
            reader = _Reader(problems)
            values = reader.value(node, fields.Nested(schema), "", 0)
            if not isinstance(values, dict):
                problems.append(Problem(reader.lines[""], "", NOT_A_DOCUMENT))
                continue
            found.append(Written(values, reader.lines))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Invalid({str(line): [error.problem or str(error)]}) from error
    except yaml.YAMLError as error:  # characters that no YAML has
        raise Invalid({"1": [N_("Control characters are not text.")]}) from error
    if not len(found) + len(problems) > 0 or len(found) > DOCUMENTS_MAX:
        raise Invalid({"1": [N_("Give 1 to 200 documents.")]})
    return found, problems


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NOT_A_DOCUMENT = N_("A document names its values: “title_zh: …”.")


class _Reader:
    """Turns the nodes of one document into values."""

    def __init__(self, problems: list[Problem]) -> None:
        self.lines: dict[str, int] = {}
        self._problems = problems
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, field: Any, path: str, depth: int) -> Any:
        """Return what *node* is to *field*; None is a field that takes anything."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen or depth > DEPTH_MAX:
            return self._refuse(path, N_("Aliases and endless nesting are not taken."))
        self._seen.add(id(node))
        if not node.tag.startswith(OF_YAML):
            return self._refuse(path, N_("Tags are not taken."))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, field, path, depth))
        if isinstance(node, yaml.SequenceNode):
            inner = field.inner if isinstance(field, fields.List) else None
            return [
                self.value(each, inner, f"{path}.{n}".lstrip("."), depth + 1)
                for n, each in enumerate(node.value)
            ]
        return _scalar(node, field)

    def _pairs(
        self, node: yaml.MappingNode, field: Any, path: str, depth: int
    ) -> Iterator[tuple[str, Any]]:
        names = set()
        for key, each in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            place = f"{path}.{name}".lstrip(".")
            self.lines[place] = key.start_mark.line + 1
            if name in names or not isinstance(key, yaml.ScalarNode):
                self._refuse(place, N_("A name is given twice, or is no text."))
                continue
            names.add(name)
            yield name, self.value(each, _inner(field, name), place, depth + 1)

    def _refuse(self, path: str, text: str) -> None:
        self._problems.append(Problem(self.lines[path], path, text))


def _inner(field: Any, name: str) -> Any:
    """Return the field for the value *name* of *field*."""
    if isinstance(field, fields.Nested):
        return field.schema.fields.get(name)
    return field.value_field if isinstance(field, fields.Dict) else None


def _scalar(node: yaml.ScalarNode, field: Any) -> Any:
    text, plain = str(node.value), not node.style
    if isinstance(field, fields.String):
        if not (plain and NULL.fullmatch(text)):
            return text
        return None if field.allow_none else ""
    return core(text) if plain else text


def core(text: str) -> Any:
    """Return what a plain scalar is in the core schema of YAML 1.2."""
    if NULL.fullmatch(text):
        return None
    if text in TRUTH:
        return TRUTH[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if BROKEN.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text
