"""A question: one SELECT over the room's tables, checked and written anew.

The engine's own parser makes the tree, so that what is checked and what is run cannot
be read in two ways. What is run is our text, over groups in place of rows: ``count(*)``
becomes the sum of the groups' rows, ``sum(x)`` the sum of their sums.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from listings.cleanroom.expressions import Node, NotAllowed, Place, Table, Writer
from listings.cleanroom.words import NULL_ORDERS, ORDERS

TEXT_MAX = 4_000  # characters
JOINED_MAX = 3  # tables
ITEMS_MAX = 50  # of each list
ALIAS_MAX = 60  # characters
ROWS_MAX = 1_000  # of an answer
OFFSET_MAX = 10_000_000
NESTED_MAX = 100  # brackets: the parser's own stack is finite
Parse = Callable[[str], Any]  # SQL → what the engine's json_serialize_sql says


class Question(NamedTuple):
    """What is run, what its columns are called, and which tables it is about."""

    sql: str
    columns: tuple[str, ...]
    tables: tuple[str, ...]


def check_text(text: str) -> None:
    """Refuse what is no use parsing: empty, too long, too nested, not writable."""
    if not text.strip():
        raise NotAllowed("no_question")
    if len(text) > TEXT_MAX:
        raise NotAllowed("too_long")
    if any("\ud800" <= c <= "\udfff" or (c < " " and c not in "\t\r\n") for c in text):
        raise NotAllowed("syntax")
    nested = deepest = 0
    for c in text:
        nested += (c in "([{") - (c in ")]}")
        deepest = max(deepest, nested)
    if deepest > NESTED_MAX:
        raise NotAllowed("too_deep")


def read(text: str, tables: Iterable[Table], parse: Parse) -> Question:
    """Return the question that *text* is; NotAllowed says why it is none."""
    check_text(text)
    said = parse(text)
    if said.get("error"):
        if said.get("error_type") == "parser":
            raise NotAllowed("syntax", said.get("error_message", ""))
        raise NotAllowed("not_select")
    statements = said["statements"]
    if len(statements) != 1:
        raise NotAllowed("one_statement")
    (statement,) = statements
    node = statement["node"]
    if node["type"] != "SELECT_NODE" or statement.get("named_param_map"):
        raise NotAllowed("not_select", node["type"].lower())
    return _Select(node, tuple(tables)).written()


@dataclass(eq=False)
class _Select:
    node: Node
    tables: tuple[Table, ...]
    writer: Writer = field(default_factory=lambda: Writer([]))

    def written(self) -> Question:
        node = self.node
        if node["cte_map"]["map"]:
            raise NotAllowed("no_with")
        if node["sample"] or node["qualify"]:
            raise NotAllowed("unknown_part", "qualify" if node["qualify"] else "sample")
        source = self._from(node["from_table"])
        where = self._where()
        items = _few(node["select_list"])
        written = [self.writer.whole(item) for item in items]
        groups = self._groups(items, written)
        having = self._having(items)
        if not groups and not self.writer.counted:
            raise NotAllowed("row_level")
        order, limit = self._modifiers(items)
        names = tuple(_name(item, i) for i, item in enumerate(items))
        chosen = ", ".join(f"{w} AS r{i}" for i, w in enumerate(written))
        by = f" GROUP BY {', '.join(groups)}" if groups else ""
        sql = f"SELECT {chosen} FROM {source}{where}{by}{having}{order}{limit}"
        used = tuple(dict.fromkeys(p.table.name for p in self.writer.places))
        return Question(sql, names, used)

    # ── from ──

    def _from(self, node: Node) -> str:
        if node["type"] == "BASE_TABLE":
            return self._table(node)
        if node["type"] != "JOIN":
            raise NotAllowed("only_tables", node["type"].lower())
        regular = node["ref_type"] in ("REGULAR", "CROSS")
        if node["join_type"] != "INNER" or not regular or node["sample"]:
            raise NotAllowed("inner_join")
        left = self._from(node["left"])
        before = len(self.writer.places)
        right = self._from(node["right"])
        joined = self._using(node["using_columns"], before)
        if node["condition"]:
            joined.append(self.writer.row(node["condition"]))
        if not joined:
            return f"{left} CROSS JOIN {right}"
        return f"{left} JOIN {right} ON {' AND '.join(joined)}"

    def _table(self, node: Node) -> str:
        name = node["table_name"]
        path = node["qualified_name"]["path"]
        found = [t for t in self.tables if t.name.lower() == name.lower()]
        if path != [name] or not found:
            raise NotAllowed("no_table", ".".join(path))
        if node["sample"] or node["at_clause"] or node["column_name_alias"]:
            raise NotAllowed("unknown_part", name)
        called = node["alias"] or name
        places = self.writer.places
        if len(places) >= JOINED_MAX:
            raise NotAllowed("too_many_tables")
        if any(place.name.lower() == called.lower() for place in places):
            raise NotAllowed("ambiguous", called)
        place = Place(called, f"a{len(places)}", found[0])
        places.append(place)
        return f"t{self.tables.index(found[0])} AS {place.alias}"

    def _using(self, columns: list[str], before: int) -> list[str]:
        """Return what USING asks for, and remember which columns are the same."""
        places, joined = self.writer.places, []
        for name in columns:
            left = Writer(places[:before], dict(self.writer.shared))
            right = Writer(places[before:])
            node = {"class": "COLUMN_REF", "column_names": [name]}
            first = left.column(node)
            joined.append(f"({first} = {right.column(node)})")
            self.writer.shared[name.lower()] = first
        return joined

    # ── the rest ──

    def _where(self) -> str:
        condition = self.node["where_clause"]
        return f" WHERE {self.writer.row(condition)}" if condition else ""

    def _having(self, items: list[Node]) -> str:
        condition = self.node["having"]
        if not condition:
            return ""
        return f" HAVING {self.writer.whole(_resolved(condition, items, self.writer))}"

    def _groups(self, items: list[Node], written: list[str]) -> list[str]:
        node = self.node
        probes = [self._probe(item) for item in items]
        if node["aggregate_handling"] == "FORCE_AGGREGATES":  # GROUP BY ALL
            return [w for w, p in zip(written, probes, strict=True) if not p.counted]
        if node["aggregate_handling"] != "STANDARD_HANDLING":
            raise NotAllowed("unknown_part", "group by")
        asked = _few(node["group_expressions"])
        if node["group_sets"] not in ([], [list(range(len(asked)))]):
            raise NotAllowed("unknown_part", "grouping sets")
        groups = []
        for each in asked:
            place = _position(each, items, self.writer, aliases_first=False)
            groups.append(self.writer.row(items[place] if place is not None else each))
        for item, text, probe in zip(items, written, probes, strict=True):
            free = probe.named and not probe.counted
            if free and not any(group in text for group in groups):
                raise NotAllowed("ungrouped" if groups else "row_level", _told(item))
        return groups

    def _probe(self, item: Node) -> Writer:
        """Return a writer that wrote this item alone."""
        probe = Writer(self.writer.places, self.writer.shared)
        probe.whole(item)
        return probe

    def _modifiers(self, items: list[Node]) -> tuple[str, str]:
        order, limit, offset = "", ROWS_MAX + 1, 0
        for modifier in self.node["modifiers"]:
            if modifier["type"] == "ORDER_MODIFIER":
                order = self._order(modifier["orders"], items)
            elif modifier["type"] == "LIMIT_MODIFIER":
                if modifier["limit_type"] != "ROW_COUNT":
                    raise NotAllowed("unknown_part", "limit")
                limit = min(limit, _count(modifier["limit"], ROWS_MAX + 1))
                offset = _count(modifier["offset"], 0)
            elif modifier["type"] == "DISTINCT_MODIFIER":
                raise NotAllowed("distinct", "select distinct")
            else:
                raise NotAllowed("unknown_part", modifier["type"].lower())
        return order, f" LIMIT {limit} OFFSET {min(offset, OFFSET_MAX)}"

    def _order(self, orders: list[Node], items: list[Node]) -> str:
        parts = []
        for each in _few(orders):
            asked = each["expression"]
            place = _position(asked, items, self.writer)
            by = str((place or 0) + 1)
            if place is None:
                by = self.writer.whole(_resolved(asked, items, self.writer))
            way = ORDERS.get(each["type"])
            nulls = NULL_ORDERS.get(each["null_order"])
            if way is None or nulls is None:
                raise NotAllowed("unknown_part", "order by")
            parts.append(f"{by} {way} {nulls}")
        return f" ORDER BY {', '.join(parts)}"


def _few(nodes: list[Node]) -> list[Node]:
    if len(nodes) > ITEMS_MAX:
        raise NotAllowed("too_long")
    return nodes


def _count(node: Node | None, otherwise: int) -> int:
    """Return a limit or an offset, which is a plain number."""
    if node is None:
        return otherwise
    said = node.get("literal") or {}
    text = str(said.get("text", ""))
    if said.get("kind") != "INTEGER" or not text.isdigit() or len(text) > 12:
        raise NotAllowed("unknown_part", "limit")
    return int(text)


def _position(
    node: Node, items: list[Node], writer: Writer, *, aliases_first: bool = True
) -> int | None:
    """Return which item a number or an alias in GROUP BY or ORDER BY means, if any."""
    if node["class"] == "CONSTANT":
        place = _count(node, 0) - 1
        if not 0 <= place < len(items):
            raise NotAllowed("no_column", str(place + 1))
        return place
    if node["class"] == "COLUMN_REF" and len(node["column_names"]) == 1:
        name = node["column_names"][0].lower()
        if not aliases_first and writer.is_column(name):
            return None
        for place, item in enumerate(items):
            if item["alias"].lower() == name:
                return place
    return None


def _resolved(node: Any, items: list[Node], writer: Writer) -> Any:
    """Return an expression with the aliases in it replaced by what they stand for."""
    if isinstance(node, list):
        return [_resolved(each, items, writer) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("class") == "COLUMN_REF":
        place = _position(node, items, writer, aliases_first=False)
        return node if place is None else items[place]
    return {key: _resolved(value, items, writer) for key, value in node.items()}


def _name(item: Node, place: int) -> str:
    """Return what a column of the answer is called."""
    if item["alias"]:
        return str(item["alias"])[:ALIAS_MAX]
    if item["class"] == "COLUMN_REF":
        return str(item["column_names"][-1])[:ALIAS_MAX]
    if item["class"] == "FUNCTION":
        name = item["function_name"].replace("count_star", "count")
        inside = [a["expression"] for a in item["arguments"]]
        if len(inside) == 1 and inside[0]["class"] == "COLUMN_REF":
            return f"{name}({inside[0]['column_names'][-1]})"[:ALIAS_MAX]
        return f"{name}" if not inside else f"{name}(…)"
    return f"{place + 1}"


def _told(item: Node) -> str:
    return ".".join(item.get("column_names", [])) or _name(item, 0)
