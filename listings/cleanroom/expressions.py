"""Expressions of a question, written anew from the tree that the parser made.

Nothing of the buyer's text is run: every node that is known is written by us, with our
own names of columns and our own quotes; the first that is not known is refused. So
there is no list of what is forbidden, and nothing to be forgotten on it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from listings.cleanroom.words import (
    AGGREGATES,
    COMPARISONS,
    CONJUNCTIONS,
    FUNCTIONS,
    INFIX,
    MEMBERSHIPS,
    NULLS,
    PREFIX,
    SINGLING,
    TYPES,
)
from settlement.errors import Refusal

DEPTH_MAX = 40
LITERAL_MAX = 200  # characters
LIST_MAX = 200  # of IN
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
WHAT_MAX = 60  # characters of what is named in a refusal
Node = dict[str, Any]


@dataclass(eq=False)
class NotAllowed(Refusal):
    """The clean room does not answer this question."""

    why: str  # a code
    what: str = ""  # the buyer's own word that it is about

    def __post_init__(self) -> None:
        """Keep of the word what is fit to be shown."""
        said = str(self.what)[:WHAT_MAX]
        self.what = "".join(c if c.isprintable() else "?" for c in said)


class Table(NamedTuple):
    """A table of groups that may be asked."""

    name: str
    groups: tuple[str, ...]  # names of columns, in the order g0, g1 …
    measures: tuple[str, ...]  # in the order s0, s1 …


class Place(NamedTuple):
    """A table in the question: called *name* there, and *alias* by us."""

    name: str
    alias: str
    table: Table


@dataclass(eq=False)
class Writer:
    """Writes the expressions of one question."""

    places: list[Place]
    shared: dict[str, str] = field(default_factory=dict)  # joined by USING
    counted: bool = False  # whether an aggregate was written
    named: bool = False  # whether a column to group by was
    depth: int = 0

    def row(self, node: Node) -> str:
        """Write an expression of one group: of columns to group by alone."""
        return self._write(node, self.row, grouped=False)

    def whole(self, node: Node) -> str:
        """Write an expression that may have aggregates."""
        return self._write(node, self.whole, grouped=True)

    def _write(self, node: Node, inner: Callable[[Node], str], *, grouped: bool) -> str:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise NotAllowed("too_deep")
        try:
            if node["class"] == "FUNCTION":
                return self._function(node, inner, grouped=grouped)
            write = _WRITERS.get(node["class"])
            if write is None:
                raise NotAllowed("unknown_part", node["class"].lower())
            return write(self, node, inner)
        finally:
            self.depth -= 1

    # ── columns ──

    def column(self, node: Node) -> str:
        """Return the name of a column to group by; NotAllowed for any other."""
        place, index, kind = self._found(node["column_names"])
        if kind == "s":
            raise NotAllowed("measure", node["column_names"][-1])
        self.named = True
        if len(node["column_names"]) == 1:
            name = node["column_names"][0].lower()
            return self.shared.get(name, f"{place.alias}.g{index}")
        return f"{place.alias}.g{index}"

    def measure(self, node: Node) -> tuple[Place, int] | None:
        """Return where the measure is that *node* is, if it is a bare one."""
        if node["class"] != "COLUMN_REF":
            return None
        place, index, kind = self._found(node["column_names"])
        return (place, index) if kind == "s" else None

    def is_column(self, name: str) -> bool:
        """Tell whether any table has a column of that name."""
        return any(_index(p.table, name) is not None for p in self.places)

    def _found(self, names: list[str]) -> tuple[Place, int, str]:
        if len(names) > 2:
            raise NotAllowed("no_column", ".".join(names))
        wanted = names[-1]
        found = []
        for place in self.places:
            if len(names) == 2 and place.name.lower() != names[0].lower():
                continue
            index = _index(place.table, wanted)
            if index is not None:
                found.append((place, *index))
        if not found:
            raise NotAllowed("no_column", ".".join(names))
        if len(found) > 1 and wanted.lower() not in self.shared:
            raise NotAllowed("ambiguous", wanted)
        return found[0]

    # ── functions ──

    def _function(
        self, node: Node, inner: Callable[[Node], str], *, grouped: bool
    ) -> str:
        name = str(node["function_name"]).lower()
        if node["qualified_name"]["path"] != [node["function_name"]]:
            raise NotAllowed("no_function", ".".join(node["qualified_name"]["path"]))
        if node["order_bys"]["orders"] or node["export_state"]:
            raise NotAllowed("unknown_part", name)
        arguments = [argument["expression"] for argument in node["arguments"]]
        if any(argument["name"] for argument in node["arguments"]):
            raise NotAllowed("unknown_part", name)
        if name in SINGLING:
            raise NotAllowed("singling", name)
        if name in (*AGGREGATES, "count_star"):
            if not grouped:
                raise NotAllowed("aggregate_here", name)
            self.counted = True
            return self._aggregate(name, node, arguments)
        if node["distinct"] or node["filter"]:
            raise NotAllowed("unknown_part", name)
        if node["is_operator"]:
            return _operation(name, [inner(argument) for argument in arguments])
        least, most = FUNCTIONS.get(name, (1, 0))
        if not least <= len(arguments) <= most:
            raise NotAllowed("no_function", name)
        return f"{name}({', '.join(inner(argument) for argument in arguments)})"

    def _aggregate(self, name: str, node: Node, arguments: list[Node]) -> str:
        kept = f" FILTER (WHERE {self.row(node['filter'])})" if node["filter"] else ""
        if name == "count_star":
            return f"coalesce(sum({self._rows()}){kept}, 0)"
        if len(arguments) != 1:
            raise NotAllowed("no_function", name)
        measure = self.measure(arguments[0])
        if node["distinct"]:
            if name != "count":
                raise NotAllowed("distinct", name)
            if measure is not None:
                raise NotAllowed("measure", arguments[0]["column_names"][-1])
            return f"count(DISTINCT {self.row(arguments[0])}){kept}"
        if name in ("min", "max"):
            if measure is not None:
                raise NotAllowed("extreme", name)
            return f"{name}({self.row(arguments[0])}){kept}"
        if measure is not None:
            place, index = measure
            others = self._rows(place)
            times = f" * {others}" if others else ""
            total = f"sum({place.alias}.s{index}{times}){kept}"
            count = f"sum({place.alias}.c{index}{times}){kept}"
        else:
            cell = self.row(arguments[0])
            rows = self._rows()
            total = "" if name == "count" else f"sum(({cell}) * {rows}){kept}"
            count = f"sum(CASE WHEN ({cell}) IS NOT NULL THEN {rows} END){kept}"
        if name == "sum":
            return total
        return f"coalesce({count}, 0)" if name == "count" else f"({total} / {count})"

    def _rows(self, besides: Place | None = None) -> str:
        """Return how many rows a line of the joined groups is; of others than one."""
        return " * ".join(f"{p.alias}.n" for p in self.places if p is not besides)


def _index(table: Table, name: str) -> tuple[int, str] | None:
    wanted = name.lower()
    for letter, names in (("g", table.groups), ("s", table.measures)):
        for index, each in enumerate(names):
            if each.lower() == wanted:
                return index, letter
    return None


def _operation(sign: str, arguments: list[str]) -> str:
    if sign in PREFIX and len(arguments) == 1:
        return f"({sign} {arguments[0]})"
    if sign not in INFIX or len(arguments) != 2:
        raise NotAllowed("no_function", sign)
    return f"({arguments[0]} {INFIX[sign]} {arguments[1]})"


def literal(node: Node) -> str:
    """Write a constant."""
    said = node.get("literal") or {}
    kind, text = said.get("kind"), str(said.get("text", ""))
    if len(text) > LITERAL_MAX:
        raise NotAllowed("too_long", text[:WHAT_MAX])
    if kind == "NULL_LITERAL":
        return "NULL"
    if kind == "BOOLEAN" and text in ("true", "false"):
        return text
    if kind in ("INTEGER", "NUMERIC") and _NUMBER.fullmatch(text):
        return f"({text})" if text.startswith("-") else text
    if kind == "STRING" and "\x00" not in text:
        return "'" + text.replace("'", "''") + "'"
    raise NotAllowed("unknown_part", str(kind).lower())


def _constant(_writer: Writer, node: Node, _inner: Callable[[Node], str]) -> str:
    return literal(node)


def _column(writer: Writer, node: Node, _inner: Callable[[Node], str]) -> str:
    return writer.column(node)


def _comparison(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    sign = _known(COMPARISONS, node["type"])
    return f"({inner(node['left'])} {sign} {inner(node['right'])})"


def _conjunction(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    sign = _known(CONJUNCTIONS, node["type"])
    return f"({f' {sign} '.join(inner(child) for child in node['children'])})"


def _operator(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    kind, children = node["type"], node["children"]
    if len(children) > LIST_MAX:
        raise NotAllowed("too_long", kind.lower())
    parts = [inner(child) for child in children]
    if kind == "OPERATOR_NOT" and len(parts) == 1:
        return f"(NOT {parts[0]})"
    if kind in NULLS and len(parts) == 1:
        return f"({parts[0]} {NULLS[kind]})"
    if kind in MEMBERSHIPS and len(parts) > 1:
        return f"({parts[0]} {MEMBERSHIPS[kind]} ({', '.join(parts[1:])}))"
    if kind == "OPERATOR_COALESCE" and parts:
        return f"coalesce({', '.join(parts)})"
    raise NotAllowed("unknown_part", kind.lower())


def _between(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    value, low, high = (inner(node[part]) for part in ("input", "lower", "upper"))
    return f"({value} BETWEEN {low} AND {high})"


def _case(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    cases = "".join(
        f" WHEN {inner(check['when_expr'])} THEN {inner(check['then_expr'])}"
        for check in node["case_checks"]
    )
    return f"CASE{cases} ELSE {inner(node['else_expr'])} END"


def _cast(_writer: Writer, node: Node, inner: Callable[[Node], str]) -> str:
    wanted = node["type_expr"]
    name = str(wanted.get("type_name", "")).upper()
    plain = wanted.get("class") == "TYPE" and not wanted.get("children")
    if name not in TYPES or not plain or wanted.get("schema") or wanted.get("catalog"):
        raise NotAllowed("unknown_type", name or "?")
    how = "TRY_CAST" if node["try_cast"] else "CAST"
    return f"{how}({inner(node['child'])} AS {name})"


def _known(known: dict[str, str], kind: str) -> str:
    if kind not in known:
        raise NotAllowed("unknown_part", kind.lower())
    return known[kind]


_WRITERS: dict[str, Callable[[Writer, Node, Callable[[Node], str]], str]] = {
    "CONSTANT": _constant,
    "COLUMN_REF": _column,
    "COMPARISON": _comparison,
    "CONJUNCTION": _conjunction,
    "OPERATOR": _operator,
    "BETWEEN": _between,
    "CASE": _case,
    "CAST": _cast,
}
