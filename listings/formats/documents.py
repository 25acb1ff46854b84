"""Reading what others wrote: JSON, YAML and XML within limits that have names."""

import json
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import yaml

from settlement.errors import Refusal

DOCUMENT_MAX = 32 * 1024**2  # bytes of one document
DEPTH_MAX = 60  # lists and objects within each other
VALUES_MAX = 2_000_000  # of one document


@dataclass(eq=False)
class Malformed(Refusal):
    """The document cannot be read."""

    place: str  # the line or field
    problem: str


@dataclass(eq=False)
class DocumentTooLarge(Refusal):
    """The document is larger than what is read at once."""

    limit: str
    most: int


def within_size(data: bytes) -> bytes:
    """Return *data*; DocumentTooLarge beyond DOCUMENT_MAX."""
    if len(data) > DOCUMENT_MAX:
        raise DocumentTooLarge("bytes", DOCUMENT_MAX)
    return data


def text_of(data: bytes) -> str:
    """Return a document's text, which is UTF-8 by all these formats; else Malformed."""
    try:
        return within_size(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(f"line {line}", "not UTF-8") from error


def json_of(data: bytes) -> Any:
    """Return the JSON in *data*; Malformed names the line of what is wrong."""
    text = text_of(data)
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}", error.msg) from error
    except (ValueError, RecursionError) as error:
        raise Malformed("document", str(error)) from error
    _check(value)
    return value


def yaml_of(data: bytes) -> Any:
    """Return the YAML in *data*: plain values, no aliases (they multiply)."""
    try:
        value = yaml.load(text_of(data), Loader=_Plain)  # noqa: S506 (a safe loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Malformed(f"line {line}", error.problem or "not YAML") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Malformed("document", str(error)[:200]) from error
    _check(value)
    return value


def refuse_doctype(data: bytes) -> None:
    """Refuse XML that declares a document type, the door to entities and files."""
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        line = parser.CurrentLineNumber
        raise Malformed(f"line {line}", "document types and entities are not read")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(within_size(data), True)
    except expat.ExpatError as error:
        problem = expat.errors.messages.get(error.code, "not XML")
        raise Malformed(f"line {error.lineno}", problem) from error


class _Plain(yaml.SafeLoader):
    """Values as JSON has them: dates stay text, nothing is referred to twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose what is not an alias."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(
                problem="aliases are not read", problem_mark=mark
            )
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check(value: Any) -> None:
    """Refuse what is nested too deep or has too many values, without recursion."""
    todo, count = [(value, 1)], 0
    while todo:
        item, depth = todo.pop()
        count += 1
        if count > VALUES_MAX:
            raise DocumentTooLarge("values", VALUES_MAX)
        if depth > DEPTH_MAX:
            raise DocumentTooLarge("depth", DEPTH_MAX)
        inner = item.values() if isinstance(item, dict) else item
        if isinstance(item, dict | list):
            todo += [(part, depth + 1) for part in inner]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in *value*, which may be one, a list of them, or neither."""
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, dict)]


def text(value: Any) -> str:
    """Return a text or number as text, trimmed; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else ""


def texts(value: Any) -> list[str]:
    """Return the texts in *value*: one, or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [said for item in found if (said := text(item))]
