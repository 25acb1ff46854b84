"""Descriptions of services: OpenAPI 2.0, 3.0 and 3.1, read, checked and listed.

References to other documents are never followed: they are told as problems. Checking
a long description is given some seconds; the report says if it was checked in part.
"""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

from listings.quality import content
from listings.quality.problems import (
    WRONG,
    Problem,
    Quarantine,
    shortened,
)
from listings.quality.readers import Source

DOCUMENT_MAX = 16 * 1024 * 1024  # bytes
YAML_MAX = 2 * 1024 * 1024  # bytes: its parser is slow
NODES_MAX = 2_000_000  # values
DEPTH_MAX = 200
CHECK_S = 4.0  # seconds of checking against the standard
ERRORS_MAX = 50
OPERATIONS_MAX = 2_000
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
TEXT_MAX = 500  # characters of a summary


class Described(NamedTuple):
    """What a description says, shortened for a page, and what is wrong with it."""

    service: dict[str, Any]
    problems: list[Problem]


class _Late(Exception):
    """The time for checking is over."""


def read(source: Source) -> Described | None:
    """Return the service that a JSON or YAML file describes; None if it does not."""
    document = _document(source)
    if not isinstance(document, dict):
        return None
    version = str(document.get("openapi") or document.get("swagger") or "")
    if not version or not isinstance(document.get("info"), dict):
        return None
    size = _size(document, source.name)
    problems = [
        Problem(WRONG, "outside_reference", source.name, value=shortened(there))
        for there in _outside(document)
    ][:ERRORS_MAX]
    complete = True
    if not problems:  # else the checker would go and fetch them
        found, complete = _errors(document, source.name)
        problems += found
    service = _service(document, version) | {"checked": complete, "values": size}
    return Described(service, problems)


def _document(source: Source) -> Any:
    size = source.path.stat().st_size
    try:
        if source.suffix == ".json" and size <= DOCUMENT_MAX:
            with source.path.open("rb") as file:
                head = file.read(4096)
            if b'"openapi"' in head or b'"swagger"' in head or size <= 256 * 1024:
                return json.loads(source.path.read_text("utf-8-sig"))
        if source.suffix in (".yaml", ".yml") and size <= YAML_MAX:
            return _yaml(source)
    except (ValueError, RecursionError):  # another reader says what is wrong
        return None
    return None


class _Plain(yaml.SafeLoader):
    """YAML without aliases: a few of them can stand for billions of values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise Quarantine("entities")
        return super().compose_node(parent, index)


def _yaml(source: Source) -> Any:
    encoding = content.encoding_of(source.path, source.name)
    try:
        return yaml.load(source.path.read_text(encoding), _Plain)  # noqa: S506
    except yaml.YAMLError:
        raise Quarantine("not_yaml", source.name) from None


def _size(document: Any, name: str) -> int:
    """Return how many values a document has; Quarantine beyond the limits."""
    todo, count = [(document, 0)], 0
    while todo:
        value, depth = todo.pop()
        count += 1
        if depth > DEPTH_MAX or count > NODES_MAX:
            raise Quarantine("nesting", name)
        if isinstance(value, dict):
            todo += [(part, depth + 1) for part in value.values()]
        elif isinstance(value, list):
            todo += [(part, depth + 1) for part in value]
    return count


def _outside(value: Any) -> Iterator[str]:
    """Yield the references to other documents."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            there = part.get("$ref")
            if isinstance(there, str) and not there.startswith("#"):
                yield there
            todo += part.values()
        elif isinstance(part, list):
            todo += part


def _errors(document: dict[str, Any], name: str) -> tuple[list[Problem], bool]:
    """Return what the standard does not permit, and whether all of it was checked."""
    from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator
    from openapi_spec_validator import OpenAPIV31SpecValidator as Newest

    version = str(document.get("openapi", ""))
    checker = (
        OpenAPIV2SpecValidator
        if "swagger" in document
        else OpenAPIV30SpecValidator
        if version.startswith("3.0")
        else Newest
    )
    problems: list[Problem] = []
    try:
        with _seconds(CHECK_S):
            for error in checker(document).iter_errors():
                path = "/".join(str(part) for part in error.absolute_path)
                problems.append(
                    Problem(
                        WRONG,
                        "not_openapi",
                        name,
                        column=shortened(path),
                        value=shortened(error.message),
                    )
                )
                if len(problems) >= ERRORS_MAX:
                    return problems, False
    except (_Late, RecursionError, MemoryError):
        return problems, False
    except Exception as error:  # noqa: BLE001 (the checker trips over what is none)
        problems.append(
            Problem(WRONG, "not_openapi", name, value=shortened(error) or "?")
        )
    return problems, True


@contextmanager
def _seconds(most: float) -> Iterator[None]:
    """Raise _Late after so many seconds; only in a process's main thread."""

    def late(_number: int, _frame: object) -> None:
        raise _Late

    try:
        before = signal.signal(signal.SIGALRM, late)
    except ValueError:  # another thread: the caller trusts the document
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _service(document: dict[str, Any], version: str) -> dict[str, Any]:
    info = document["info"]
    operations = list(_operations(document))
    return {
        "openapi": version[:20],
        "title": _text(info.get("title")),
        "version": _text(info.get("version")),
        "summary": _text(info.get("summary") or info.get("description")),
        "servers": _servers(document)[:10],
        "security": sorted(_schemes(document))[:20],
        "count": len(operations),
        "operations": operations[:OPERATIONS_MAX],
    }


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        if not isinstance(item, dict):
            continue
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                yield _operation(document, str(path), method, item, operation)


def _operation(
    document: dict[str, Any],
    path: str,
    method: str,
    item: dict[str, Any],
    operation: dict[str, Any],
) -> dict[str, Any]:
    given = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
    parameters = [_resolved(document, one) for one in given]
    answers = operation.get("responses")
    return {
        "method": method.upper(),
        "path": path[:200],
        "summary": _text(operation.get("summary") or operation.get("description")),
        "parameters": [
            {
                "name": _text(one.get("name"))[:80],
                "in": _text(one.get("in"))[:20],
                "required": one.get("required") is True,
                "type": _type(document, one),
                "description": _text(one.get("description"))[:200],
            }
            for one in parameters[:40]
        ],
        "answers": [str(code)[:10] for code in answers or {}][:20],
        "deprecated": operation.get("deprecated") is True,
    }


def _type(document: dict[str, Any], parameter: dict[str, Any]) -> str:
    schema = _resolved(document, parameter.get("schema"))
    said = parameter.get("type") or schema.get("type") or ""
    return "/".join(map(str, said))[:40] if isinstance(said, list) else str(said)[:40]


def _resolved(document: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return what a reference within the document stands for."""
    for _ in range(10):
        if not isinstance(value, dict):
            return {}
        there = value.get("$ref")
        if not isinstance(there, str):
            return value
        value = document
        for part in there.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            value = value.get(name) if isinstance(value, dict) else None
    return {}


def _servers(document: dict[str, Any]) -> list[str]:
    if "swagger" in document:
        host, base = document.get("host"), document.get("basePath") or ""
        schemes = _list(document.get("schemes")) or ["https"]
        return [_text(f"{scheme}://{host}{base}") for scheme in schemes if host]
    servers = _list(document.get("servers"))
    return [_text(one.get("url")) for one in servers if isinstance(one, dict)]


def _schemes(document: dict[str, Any]) -> set[str]:
    parts = document.get("components")
    known = document.get("securityDefinitions") or (
        parts.get("securitySchemes") if isinstance(parts, dict) else None
    )
    values = known.values() if isinstance(known, dict) else ()
    return {
        _text(one.get("scheme") or one.get("type"))[:40]
        for one in values
        if isinstance(one, dict)
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    text = " ".join(str(value or "").split())
    return text[:TEXT_MAX]
