"""What the tests of the evaluator write down short: prefixes, and one call."""

from listings.odrl import asking, parsing
from listings.odrl.evaluation import Decision, evaluate
from listings.odrl.policy import World

PREFIXES = """
@prefix : <http://www.w3.org/ns/odrl/2/> .
@prefix cc: <http://creativecommons.org/ns#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix report: <https://w3id.org/force/compliance-report#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sotw: <https://w3id.org/force/sotw#> .
@prefix state: <urn:databourse:state#> .
@prefix temp: <http://example.com/request/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
NOW = "2026-06-15T12:00:00Z"


def turtle(text: str) -> bytes:
    return (PREFIXES + text).encode()


def ask(
    action: str = ":read", target: str = "ex:x", who: str = "ex:ann", more=""
) -> str:
    """Return a request in Turtle; *more* are further properties of its permission."""
    tail = f"; {more}" if more else ""
    return (
        f"ex:asked a :Request ; :permission [ :action {action} ;"
        f" :target {target} ; :assignee {who} {tail} ] ."
    )


def decide(policy: str, request: str | None = None, state: str = "") -> Decision:
    """Evaluate texts in Turtle; the time is NOW unless the state tells another."""
    rules = parsing.policy(turtle(policy))
    asked = asking.request(turtle(request or ask()))
    now = f'temp:currentTime dct:issued "{NOW}"^^xsd:dateTime .'
    told = " :dateTime" in state or "temp:currentTime" in state
    world = asking.world(turtle(state if told else state + now)) or World()
    (one,) = asked.requests
    return evaluate(rules, one, world)


def verdict(policy: str, request: str | None = None, state: str = "") -> str:
    return decide(policy, request, state).verdict


def permission(body: str, more: str = "") -> str:
    """Return a policy with one permission for ann to read x, and *body*."""
    return (
        f"ex:p a :Set {more} ; :permission ex:r ."
        f" ex:r :action :read ; :target ex:x ; :assignee ex:ann {body} ."
    )


def constrained(left: str, operator: str, right: str) -> str:
    """Return a policy whose permission has one constraint."""
    return permission(
        f"; :constraint [ :leftOperand {left} ; :operator :{operator} ;"
        f" :rightOperand {right} ]"
    )
