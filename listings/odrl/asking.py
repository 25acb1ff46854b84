"""Requests and states of the world out of triples.

A request is an ``odrl:Request`` whose permission names action, target and assignee; its
constraints with ``eq`` (or ``sotw:context``) tell the circumstances. The form of the
SolidLab evaluator (``sotw:EvaluationRequest`` with parameters) is understood too.

The state of the world, all optional:

- ``[] a sotw:SotW ; odrl:dateTime "…"^^xsd:dateTime ; odrl:spatial <…> ; …``: the time
  and what else is the case, by left operand (the time also as
  ``temp:currentTime dct:issued "…"``);
- ``<thing> odrl:fileFormat "…"``: facts about an asset or a party, for refinements;
- ``[] a state:Performance ; odrl:action …; odrl:target …; odrl:assignee …;
  dct:issued "…" ; odrl:payAmount 5``: what was done, by whom, on what, when, how;
- a ``report:DutyReport`` with ``report:rule`` and ``report:deonticState`` (Fulfilled,
  Violated, NonSet) for what is known of a duty;
- relations such as ``odrl:partOf``, see `reading.relations_in`.
"""

from typing import NamedTuple

from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

from listings.odrl.facts import DATE_TIME
from listings.odrl.parsing import Reader, relations
from listings.odrl.policy import (
    Constraint,
    Performance,
    Relations,
    Request,
    Term,
    World,
)
from listings.odrl.reading import read
from listings.odrl.values import Value
from listings.odrl.words import DCT, ODRL

SOTW = "https://w3id.org/force/sotw#"
REPORT = "https://w3id.org/force/compliance-report#"
STATE = "urn:databourse:state#"
NOW = "http://example.com/request/currentTime"
REQUESTS_MAX = 100  # rules of a request
PERFORMED_MAX = 5_000
_STATES = {"Fulfilled": "fulfilled", "Violated": "violated", "NonSet": "unset"}
_RENAMED = {"temporalData": "dateTime"}

FactsByOperand = dict[str, tuple[Value, ...]]


class Asked(NamedTuple):
    """What a request's document asks, and what belongs to what as it says."""

    requests: tuple[Request, ...]
    relations: Relations


def request(content: bytes) -> Asked:
    """Return what is asked for in *content*; Malformed if it asks for nothing."""
    reader = Reader(read(content, "request"), content, "request")
    graph = reader.graph
    made = [
        _evaluation_request(reader, node)
        for node in sorted(
            graph.subjects(RDF.type, URIRef(f"{SOTW}EvaluationRequest")), key=str
        )
    ]
    for policy in reader.policies():
        shared = {n: reader.objects(policy, n) for n in ("action", "target")}
        shared |= {n: reader.objects(policy, n) for n in ("assignee", "assigner")}
        for rule in reader.objects(policy, "permission"):
            made += _requests(reader, rule, shared)
    if not made:
        reader.refuse(None, "nothing is asked for: a request has a permission")
    if len(made) > REQUESTS_MAX:
        reader.refuse(None, f"more than {REQUESTS_MAX} things are asked for")
    return Asked(tuple(made), relations(graph))


def _requests(
    reader: Reader, rule: Node, shared: dict[str, list[Node]]
) -> list[Request]:
    """Return what one permission asks for: each of its actions on each target."""
    own = {name: reader.objects(rule, name) or shared[name] for name in shared}
    facts = _context(reader, rule)
    if not own["action"]:
        reader.refuse(rule, "the request names no action")
    parties = {
        name: reader.term(own[name][0], name).iri if own[name] else None
        for name in ("assignee", "assigner")
    }
    targets: list[str | None] = [
        reader.term(target, "target").iri for target in own["target"]
    ]
    return [
        Request(
            named.iri,
            asset,
            parties["assignee"],
            parties["assigner"],
            facts | _refined(named),
            reader.name(rule),
        )
        for named in (reader.term(action, "action") for action in own["action"])
        for asset in targets or [None]
    ]


def _refined(action: Term) -> FactsByOperand:
    """Return the facts that an action's refinements by equality tell."""
    return {
        part.left: part.rights
        for part in action.refinements
        if isinstance(part, Constraint) and part.operator in {"eq", "isAnyOf"}
    }


def _context(reader: Reader, rule: Node) -> FactsByOperand:
    """Return the circumstances that a request tells by constraints."""
    facts: FactsByOperand = {}
    given = [*reader.objects(rule, "constraint")]
    given += list(reader.graph.objects(rule, URIRef(f"{SOTW}context")))
    for node in given:
        part = reader.condition(node)
        if not isinstance(part, Constraint) or part.operator not in {"eq", "isAnyOf"}:
            reader.refuse(node, "a request tells circumstances by eq alone")
        facts[part.left] = facts.get(part.left, ()) + part.rights
    return facts


def _evaluation_request(reader: Reader, node: Node) -> Request:
    """Return what a SolidLab evaluation request asks for."""
    graph = reader.graph

    def one(name: str) -> str | None:
        found = sorted(graph.objects(node, URIRef(SOTW + name)), key=str)
        return reader.term(found[0], "target").iri if found else None

    action = one("requestedAction")
    if action is None:
        reader.refuse(node, "the request names no action")
    facts: FactsByOperand = {}
    for parameter in graph.objects(node, URIRef(f"{SOTW}requestParameter")):
        for feature in graph.objects(parameter, URIRef(f"{SOTW}describesFeature")):
            name = str(feature).removeprefix(SOTW)
            name = name[:1].lower() + name[1:]
            left = ODRL + _RENAMED.get(name, name)
            values = graph.objects(parameter, URIRef(f"{SOTW}value"))
            facts[left] = facts.get(left, ()) + tuple(map(reader.value, values))
    return Request(
        action,
        one("requestedTarget"),
        one("requestingParty"),
        None,
        facts,
        reader.name(node),
    )


def world(content: bytes) -> World:
    """Return the state of the world in *content*."""
    reader = Reader(read(content, "state"), content, "state")
    graph = reader.graph
    facts: FactsByOperand = {}
    worlds = set(graph.subjects(RDF.type, URIRef(f"{SOTW}SotW")))
    worlds |= set(graph.subjects(RDF.type, URIRef(f"{STATE}World")))
    logged = set(graph.subjects(RDF.type, URIRef(f"{STATE}Performance")))
    if len(logged) > PERFORMED_MAX:
        reader.refuse(None, f"more than {PERFORMED_MAX} performances")
    for node in worlds:
        facts |= _facts(reader, node)
    now = facts.pop(DATE_TIME, ()) or _current(reader)
    about = {
        str(thing): found
        for thing in set(graph.subjects()) - worlds - logged
        if (found := _facts(reader, thing))
    }
    return World(
        now[0] if now else None,
        facts,
        about,
        tuple(_performance(reader, node) for node in sorted(logged, key=str)),
        _duties(graph),
        relations(graph),
    )


def _current(reader: Reader) -> tuple[Value, ...]:
    issued = reader.graph.objects(URIRef(NOW), URIRef(f"{DCT}issued"))
    return tuple(reader.value(when) for when in issued)


def _facts(reader: Reader, node: Node) -> FactsByOperand:
    """Return what *node* has: any property may be the left operand of a profile."""
    facts: FactsByOperand = {}
    for predicate, thing in reader.graph.predicate_objects(node):
        left = str(predicate)
        if predicate != RDF.type:
            facts[left] = (*facts.get(left, ()), reader.value(thing))
    return facts


def _performance(reader: Reader, node: Node) -> Performance:
    actions = reader.objects(node, "action")
    if len(actions) != 1:
        reader.refuse(node, "a performance has one action")
    facts = _facts(reader, node)
    when = facts.pop(f"{DCT}issued", ()) or facts.pop(DATE_TIME, ())
    for value in when:
        if value.kind != "moment":
            reader.refuse(node, "when it was done is no xsd:dateTime")
    action = reader.term(actions[0], "action")
    target, party = reader.objects(node, "target"), reader.objects(node, "assignee")
    return Performance(
        action.iri,
        str(target[0]) if target else None,
        str(party[0]) if party else None,
        when[0].value[0] if when else None,
        facts | _refined(action),
    )


def _duties(graph: Graph) -> dict[str, str]:
    """Return what the state says of duties by their ids."""
    found = {}
    for report, rule in graph.subject_objects(URIRef(f"{REPORT}rule")):
        for state in graph.objects(report, URIRef(f"{REPORT}deonticState")):
            name = str(state).removeprefix(REPORT)
            if name in _STATES:
                found[str(rule)] = _STATES[name]
    return found
