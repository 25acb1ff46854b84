"""Policies out of triples: compact forms expanded, inheritance followed, checked."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NoReturn

from rdflib import RDF, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from listings.odrl.policy import (
    CONSTRAINTS_MAX,
    DUTY_DEPTH_MAX,
    INHERITED_MAX,
    LOGIC_DEPTH_MAX,
    RULES_MAX,
    Condition,
    Constraint,
    Logical,
    Malformed,
    Policy,
    Relations,
    Rule,
    Term,
)
from listings.odrl.reading import line_of, read, relations_in
from listings.odrl.values import XSD, Value, Wrong, iri, typed
from listings.odrl.words import LOGICAL, ODRL, OPERATORS, SETS, STRATEGIES, TYPES

KINDS = ("permission", "prohibition", "obligation")
# Which rules may hang below which: property → the kind that they are.
_BELOW = {
    "permission": {"duty": "duty"},
    "prohibition": {"remedy": "remedy"},
    "obligation": {"consequence": "consequence"},
    "duty": {"consequence": "consequence"},
    "remedy": {"consequence": "consequence"},
    "consequence": {"consequence": "consequence"},
}
_SHARED = ("action", "target", "assigner", "assignee", "constraint")
_DCT = "http://purl.org/dc/terms/"


def policy(content: bytes, uid: str | None = None) -> Policy:
    """Return the policy in *content* (Turtle or JSON-LD); Malformed if it is none.

    Of several policies the one with *uid*, else the one that no other inherits from.
    """
    reader = Reader(read(content, "policy"), content, "policy")
    return reader.policy(uid)


class Reader:
    """Reads one document's graph, counting what it reads against the limits."""

    def __init__(self, graph: Graph, content: bytes, document: str) -> None:
        """Take the graph, and the text that lines are counted in."""
        self.graph = graph
        self._content = content
        self._document = document
        self._constraints = 0
        self._rules = 0
        self._blank: dict[Node, str] = {}

    def refuse(self, node: Node | None, reason: str) -> NoReturn:
        """Refuse the document because of *node*."""
        line = line_of(self._content, node) if node is not None else None
        where = "" if node is None or isinstance(node, BNode) else str(node)[:200]
        raise Malformed(self._document, line, where, reason)

    def objects(self, node: Node, name: str) -> list[Node]:
        """Return what *node* has as odrl:*name*, lists opened, in a steady order."""
        found: list[Node] = []
        for thing in self.graph.objects(node, URIRef(ODRL + name)):
            found += self.opened(thing)
        return sorted(found, key=self._order) if len(found) > 1 else found

    def _order(self, node: Node) -> str:
        """Return what nodes are put in order by: names, then what blank ones say."""
        if not isinstance(node, BNode):
            return f"0{node}"
        said = (
            f"{predicate} {'' if isinstance(thing, BNode) else thing}"
            for predicate, thing in self.graph.predicate_objects(node)
        )
        return "1" + "\n".join(sorted(said))

    def opened(self, thing: Node) -> list[Node]:
        """Return the members of an RDF list, or *thing* alone."""
        if thing != RDF.nil and (thing, RDF.first, None) not in self.graph:
            return [thing]
        try:
            return list(Collection(self.graph, thing))
        except ValueError:
            self.refuse(thing, "a list that is its own rest")

    # ── policies ──

    def policy(self, uid: str | None) -> Policy:
        """Return the policy *uid*, or the only one; with all that it inherits."""
        wanted = self._chosen(uid)
        family = self._family(wanted)
        rules: list[Rule] = []
        for one in family:
            self._check_type(one)
            for kind in KINDS:
                for node in self.objects(one, kind):
                    rules += self.rules(node, kind, self._shared(one))
        if not rules:
            self.refuse(wanted, "a policy has at least one rule")
        return Policy(
            str(wanted),
            self._type(wanted),
            self._conflict(family),
            tuple(rules),
            relations(self.graph),
            self._since(wanted),
        )

    def policies(self) -> list[Node]:
        """Return the nodes that are policies: by type, or by having rules."""
        typed_so = {
            node
            for name in TYPES
            for node in self.graph.subjects(RDF.type, URIRef(ODRL + name))
        }
        having = {
            node
            for kind in KINDS
            for node in self.graph.subjects(URIRef(ODRL + kind), None)
        }
        return sorted(typed_so | having, key=str)

    def _chosen(self, uid: str | None) -> Node:
        found = self.policies()
        if not found:
            self.refuse(None, "there is no policy in it")
        if uid is not None:
            if URIRef(uid) not in found:
                self.refuse(URIRef(uid), "there is no policy with this uid")
            return URIRef(uid)
        parents = set(self.graph.objects(None, URIRef(ODRL + "inheritFrom")))
        tops = [node for node in found if node not in parents]
        if len(tops) != 1:
            names = ", ".join(str(top) for top in tops[:5]) or "each inherits"
            self.refuse(None, f"which policy is meant? {names}")
        return tops[0]

    def _family(self, wanted: Node) -> list[Node]:
        """Return a policy and its ancestors; they have to be in the same document."""
        family, waiting = [wanted], self.objects(wanted, "inheritFrom")
        known = set(self.policies())
        while waiting:
            parent = waiting.pop(0)
            if parent == wanted or parent not in known:
                reason = "a policy inherits from itself"
                absent = "the policy that is inherited from is not in the document"
                self.refuse(parent, reason if parent == wanted else absent)
            if parent in family:
                continue
            family.append(parent)
            if len(family) > INHERITED_MAX:
                self.refuse(wanted, f"more than {INHERITED_MAX} policies inherited")
            above = self.objects(parent, "inheritFrom")
            if any(one in family for one in above) and wanted in above:
                self.refuse(parent, "a policy inherits from itself")
            waiting += above
        return family

    def _type(self, node: Node) -> str:
        kinds = {str(kind) for kind in self.graph.objects(node, RDF.type)}
        named = [name for name in TYPES if ODRL + name in kinds]
        return next((name for name in named if name != "Policy"), "Set")

    def _check_type(self, node: Node) -> None:
        """Refuse an Offer without assigner, an Agreement without both (IM, 2.1)."""
        needed = {
            "Offer": ("assigner",),
            "Agreement": ("assigner", "assignee"),
        }
        for role in needed.get(self._type(node), ()):
            rules = [r for kind in KINDS for r in self.objects(node, kind)]
            if not self.objects(node, role) and not any(
                self.objects(rule, role) for rule in rules
            ):
                self.refuse(node, f"{self._type(node)} without {role}")

    def _conflict(self, family: list[Node]) -> str:
        """Return the one strategy; two different ones make the policy invalid."""
        found = {str(c) for one in family for c in self.objects(one, "conflict")}
        for term in found:
            if term.removeprefix(ODRL) not in STRATEGIES:
                self.refuse(family[0], f"conflict is not {term[:80]}")
        if len(found) > 1:
            return "invalid"
        return found.pop().removeprefix(ODRL) if found else "invalid"

    def _since(self, node: Node) -> int | None:
        for name in ("issued", "dateAccepted", "date"):
            for when in self.graph.objects(node, URIRef(_DCT + name)):
                value = self.value(when)
                if value.kind == "moment":
                    return int(value.value[0])
        return None

    def _shared(self, node: Node) -> dict[str, list[Node]]:
        """Return what a compact policy says for all its rules (IM, 2.7.1)."""
        return {name: found for name in _SHARED if (found := self.objects(node, name))}

    # ── rules ──

    def rules(
        self, node: Node, kind: str, shared: dict[str, list[Node]], depth: int = 0
    ) -> list[Rule]:
        """Return the rule at *node*; a duty with several actions is as many duties."""
        self._rules += 1
        if self._rules > RULES_MAX:
            self.refuse(node, f"more than {RULES_MAX} rules")
        if depth > DUTY_DEPTH_MAX:
            self.refuse(node, f"duties nested more than {DUTY_DEPTH_MAX} deep")
        if isinstance(node, Literal):
            self.refuse(node, f"a {kind} is not a text: {str(node)[:80]!r}")
        own = {
            name: self.objects(node, name) or shared.get(name, []) for name in _SHARED
        }
        own["constraint"] = self._conditions_of(node, shared)
        below = [
            found
            for name, sort in _BELOW[kind].items()
            for part in self.objects(node, name)
            for found in self.rules(part, sort, {}, depth + 1)
        ]
        for name in {"duty", "remedy", "consequence"} - _BELOW[kind].keys():
            if self.objects(node, name):
                self.refuse(node, f"a {kind} has no {name}")
        actions = [self.term(action, "action") for action in own["action"]]
        targets = [self.term(target, "target") for target in own["target"]]
        if kind not in {"permission", "prohibition"} and not actions:
            self.refuse(node, f"a {kind} without action")
        whole = Rule(
            self.name(node),
            kind,
            tuple(actions),
            tuple(targets),
            tuple(self.term(party, "assigner") for party in own["assigner"]),
            tuple(self.term(party, "assignee") for party in own["assignee"]),
            tuple(self.condition(one) for one in own["constraint"]),
            tuple(below),
        )
        if kind in {"permission", "prohibition"}:
            return [whole]
        self._rules += len(actions) * max(1, len(targets)) - 1
        if self._rules > RULES_MAX:
            self.refuse(node, f"more than {RULES_MAX} rules")
        return list(_each(whole))

    def _conditions_of(self, node: Node, shared: dict[str, list[Node]]) -> list[Node]:
        return [*shared.get("constraint", []), *self.objects(node, "constraint")]

    def name(self, node: Node) -> str:
        """Return what *node* is called: its IRI, its odrl:uid, or its blank name."""
        for uid in self.graph.objects(node, URIRef(ODRL + "uid")):
            return str(uid)
        if isinstance(node, BNode):
            return self._blank.setdefault(node, f"_:b{len(self._blank) + 1}")
        return str(node)

    def term(self, node: Node, what: str) -> Term:
        """Return the action, asset or party at *node*, with refinements and source."""
        if isinstance(node, Literal):
            return Term(str(node))  # an IRI written as a text
        refined = tuple(
            self.condition(part) for part in self.objects(node, "refinement")
        )
        values = list(self.graph.objects(node, RDF.value))
        sources = self.objects(node, "source")
        if what == "action":
            if isinstance(node, BNode) and len(values) != 1:
                self.refuse(node, "a refined action has one rdf:value")
            return Term(str(values[0] if values else node), refined)
        if isinstance(node, BNode) and not sources:
            uid = self.name(node)
            if uid.startswith("_:"):
                self.refuse(node, f"this {what} has no uid and no source")
            return Term(uid, refined)
        return Term(str(sources[0] if sources else node), refined, bool(sources))

    # ── constraints ──

    def condition(self, node: Node, depth: int = 0) -> Condition:
        """Return the constraint or logical constraint at *node*."""
        self._constraints += 1
        if self._constraints > CONSTRAINTS_MAX:
            self.refuse(node, f"more than {CONSTRAINTS_MAX} constraints")
        if depth > LOGIC_DEPTH_MAX:
            self.refuse(node, f"logic nested more than {LOGIC_DEPTH_MAX} deep")
        joins = [n for n in LOGICAL if (node, URIRef(ODRL + n), None) in self.graph]
        if not joins:
            return self._constraint(node)
        if len(joins) > 1 or self.objects(node, "leftOperand"):
            self.refuse(node, "a logical constraint has one operand and no comparison")
        values = list(self.graph.objects(node, URIRef(ODRL + joins[0])))
        parts = [part for value in values for part in self.opened(value)]
        if joins[0] == "andSequence" and len(values) > 1:
            self.refuse(node, "andSequence takes a list: its order counts")
        if not parts:
            self.refuse(node, f"{joins[0]} of nothing")
        made = tuple(self.condition(part, depth + 1) for part in parts)
        return Logical(self.name(node), joins[0], made)

    def _constraint(self, node: Node) -> Constraint:
        lefts = self.objects(node, "leftOperand")
        if len(lefts) != 1 or isinstance(lefts[0], BNode):
            self.refuse(node, "a constraint has one leftOperand")
        operators = self.objects(node, "operator")
        if len(operators) != 1:
            self.refuse(node, "a constraint has one operator")
        operator = str(operators[0]).removeprefix(ODRL)
        if operator not in OPERATORS:
            self.refuse(node, f"there is no operator {operator[:80]!r}")
        rights = self._rights(node)
        if not rights:
            self.refuse(node, "a constraint has a rightOperand")
        several = operator in SETS or operator in {"eq", "neq", "isA", "isPartOf"}
        if len(rights) > 1 and not several and operator != "hasPart":
            self.refuse(node, f"{operator} takes one rightOperand")
        unit = next((str(unit) for unit in self.objects(node, "unit")), None)
        if unit:
            rights = tuple(right._replace(unit=unit) for right in rights)
        return Constraint(self.name(node), str(lefts[0]), operator, rights, unit)

    def _rights(self, node: Node) -> tuple[Value, ...]:
        """Return the right operands; references are names here, never fetched."""
        found = self.objects(node, "rightOperand")
        found += self.objects(node, "rightOperandReference")
        datatypes = [str(kind) for kind in self.objects(node, "dataType")]
        return tuple(self.value(right, *datatypes[:1]) for right in found)

    def value(self, node: Node, datatype: str | None = None) -> Value:
        """Return the typed value of a node; refuse a literal of the wrong form."""
        if not isinstance(node, Literal):
            return iri(str(node))
        kind = node.datatype
        plain = kind is None or str(kind) == XSD + "string"
        try:
            return typed(
                str(node), datatype if plain and datatype else kind and str(kind)
            )
        except Wrong as error:
            self.refuse(node, str(error))


def relations(*graphs: Graph) -> Relations:
    """Return what belongs to what, as *graphs* tell."""
    found: dict[str, dict[str, list[str]]] = {"parts": {}, "kinds": {}, "actions": {}}
    for graph in graphs:
        for family, narrow, wide in relations_in(graph):
            found[family].setdefault(narrow, []).append(wide)
    return Relations(
        **{
            family: {narrow: tuple(wide) for narrow, wide in known.items()}
            for family, known in found.items()
        }
    )


def _each(rule: Rule) -> Iterator[Rule]:
    """Yield a duty for each action and target: all of them have to be done."""
    pairs: Iterable[tuple[Term, Term | None]] = product(
        rule.actions, rule.targets or (None,)
    )
    many = len(rule.actions) * max(1, len(rule.targets)) > 1
    for number, (action, target) in enumerate(pairs, 1):
        yield rule._replace(
            id=f"{rule.id}#{number}" if many else rule.id,
            actions=(action,),
            targets=(target,) if target else (),
        )
