"""Licences as ODRL 2.2: the policy that is exported is the policy that is enforced.

`policy` turns the facts of a licence into rules; `to_jsonld` and `to_turtle` write any
policy. The licence's text prevails; what nobody has read into facts becomes a use that
needs a look at the text.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rdflib import Graph

from listings.licences import USES, Licence, Terms
from listings.odrl.policy import (
    Condition,
    Constraint,
    Logical,
    Policy,
    Relations,
    Rule,
    Term,
)
from listings.odrl.reading import context
from listings.odrl.values import SECOND_US, Value, iri, moment, number, typed
from listings.odrl.words import CC, CONTEXT, INCLUDED_IN, ODRL
from listings.vocabulary import CHINA, PROVINCES, WORLD
from settlement.clock import DAY_US

OURS = "urn:databourse:"
PROFILE = f"{OURS}odrl"
_DURATION = "http://www.w3.org/2001/XMLSchema#duration"
# What a licence's uses are called; analysing and training are uses of our profile.
ACTIONS = {
    "access": f"{ODRL}read",
    "analysis": f"{OURS}action:analyse",
    "display": f"{ODRL}present",
    "derive": f"{ODRL}derive",
    "train": f"{OURS}action:train",
    "redistribute": f"{ODRL}distribute",
}
RELATIONS = Relations(
    parts={f"{OURS}region:{code}": (f"{OURS}region:{CHINA}",) for code in PROVINCES},
    kinds={},
    actions={
        action: (f"{ODRL}use",)
        for action in ACTIONS.values()
        if action not in INCLUDED_IN
    },
)
assert ACTIONS.keys() == USES.keys()


class Contract(NamedTuple):
    """What a contract or an offer adds to a licence."""

    target: str | None = None  # public id of the product
    assigner: str | None = None  # public id of the vendor
    assignee: str | None = None  # public id of the buyer; None: an offer
    purpose: str | None = None  # what the buyer declared
    since_us: int | None = None
    until_us: int | None = None
    term_days: int | None = None
    deliveries_max: int | None = None
    transferable: bool | None = None  # None: as the licence says
    price: tuple[str, str] | None = None  # what an offer asks: decimal, ISO 4217 code


def name(kind: str, value: str) -> str:
    """Return the IRI of one of our codes or public ids."""
    return f"{OURS}{kind}:{value}"


def policy(licence: Licence, contract: Contract = Contract()) -> Policy:  # noqa: B008 (immutable)
    """Return a licence as a policy: a Set, an Offer of a vendor, or an Agreement.

    Permissions for each use in the permitted purposes, prohibitions of what the licence
    does not permit, obligations of both sides; in conflict the prohibition wins.
    """
    uid = name("licence", f"{licence.code}:{licence.version}:{licence.sha256[:16]}")
    terms = licence.terms
    conditions = (*_territory(terms), *_contract_conditions(terms, contract))
    purposes = tuple(terms.purposes) if terms else ()
    if purposes:
        values = tuple(iri(name("purpose", purpose)) for purpose in purposes)
        conditions = (_constraint("purpose", "isAnyOf", *values), *conditions)
    uses = terms.uses if terms else tuple(USES)
    permitted = Rule(
        "#permission",
        "permission",
        tuple(Term(ACTIONS[use]) for use in uses),
        conditions=conditions,
        duties=_payment(contract),
    )
    rules = [permitted, *_prohibitions(terms, contract)]
    if terms is not None:
        rules += _obligations(terms, contract)
    kind = "Agreement" if contract.assignee else "Offer" if contract.assigner else "Set"
    target = (Term(name("product", contract.target)),) if contract.target else ()
    by = (Term(name("member", contract.assigner)),) if contract.assigner else ()
    to = (Term(name("member", contract.assignee)),) if contract.assignee else ()
    return Policy(
        uid,
        kind,
        "prohibit",
        tuple(
            rule._replace(
                id=uid + rule.id,
                targets=target,
                assigners=() if rule.id == "#exclusivity" else by,
                assignees=by if rule.id == "#exclusivity" else to,
            )
            for rule in rules
        ),
        RELATIONS,
        contract.since_us,
    )


def renamed(policy: Policy, uid: str) -> Policy:
    """Return *policy* under another uid, its rules named after it."""
    rules = tuple(
        rule._replace(id=uid + rule.id.removeprefix(policy.uid))
        for rule in policy.rules
    )
    return policy._replace(uid=uid, rules=rules)


def called(policy: Policy, names: Mapping[str, str]) -> Policy:
    """Return *policy* with its targets and parties under other IRIs."""

    def other(terms: tuple[Term, ...]) -> tuple[Term, ...]:
        return tuple(t._replace(iri=names.get(t.iri, t.iri)) for t in terms)

    rules = tuple(
        rule._replace(
            targets=other(rule.targets),
            assigners=other(rule.assigners),
            assignees=other(rule.assignees),
        )
        for rule in policy.rules
    )
    return policy._replace(rules=rules)


def _constraint(left: str, operator: str, *rights: Value) -> Constraint:
    return Constraint("", f"{ODRL}{left}", operator, rights)


def _territory(terms: Terms | None) -> tuple[Condition, ...]:
    """Return the constraints of place and field."""
    found: list[Condition] = []
    if terms and terms.territory != WORLD:
        place = iri(name("region", terms.territory))
        found.append(_constraint("spatial", "isPartOf", place))
    if terms and terms.field:
        field = iri(name("sector", terms.field))
        found.append(_constraint("industry", "eq", field))
    return tuple(found)


def _contract_conditions(
    terms: Terms | None, contract: Contract
) -> tuple[Condition, ...]:
    """Return the constraints of time and volume: the contract's, else the licence's."""
    found: list[Condition] = []
    days = contract.term_days or (terms.term_days if terms else None)
    if contract.until_us is not None:
        found.append(_constraint("dateTime", "lt", _moment(contract.until_us)))
    elif days is not None and contract.assignee is None:
        length = typed(f"P{days}D", _DURATION)
        found.append(_constraint("elapsedTime", "lteq", length))
    most = contract.deliveries_max or (terms.volume_max if terms else None)
    if most is not None:
        found.append(_constraint("count", "lteq", number(most)))
    return tuple(found)


def _moment(at_us: int) -> Value:
    seconds, rest = divmod(at_us, SECOND_US)
    text = _iso(seconds) + (f".{rest:06}" if rest else "") + "Z"
    return moment(at_us, text)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _payment(contract: Contract) -> tuple[Rule, ...]:
    """Return the duty to pay that an offer makes its permission depend on."""
    if contract.price is None or contract.assignee:
        return ()
    amount, currency = contract.price
    value = typed(amount, _DECIMAL)
    unit = f"urn:iso:std:iso:4217:{currency}"
    pays = Constraint("", f"{ODRL}payAmount", "eq", (value._replace(unit=unit),), unit)
    return (Rule("#payment", "duty", (Term(f"{ODRL}compensate", (pays,)),)),)


_DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"


def _prohibitions(terms: Terms | None, contract: Contract) -> list[Rule]:
    """Return what the licence forbids: the uses that it leaves out, passing it on."""
    if terms is None:
        return []
    left_out = [use for use in USES if use not in terms.uses]
    rules = [
        Rule(f"#no-{use}", "prohibition", (Term(ACTIONS[use]),)) for use in left_out
    ]
    transfer = (
        terms.transfer if contract.transferable is None else contract.transferable
    )
    if not transfer:
        rules.append(Rule("#no-transfer", "prohibition", (Term(f"{ODRL}transfer"),)))
    return rules


def _obligations(terms: Terms, contract: Contract) -> list[Rule]:
    """Return the duties that go with the right (see `listings.duties`)."""
    rules = []
    if terms.attribution:
        rules.append(Rule("#attribute", "obligation", (Term(f"{ODRL}attribute"),)))
    if terms.share_alike:
        rules.append(Rule("#share-alike", "obligation", (Term(f"{CC}ShareAlike"),)))
    if terms.report_days:
        every = typed(f"P{terms.report_days}D", _DURATION)
        often = (_constraint("timeInterval", "lteq", every),)
        inform = (Term(f"{ODRL}inform"),)
        rules.append(Rule("#report", "obligation", inform, conditions=often))
    if terms.retention == "delete":
        rules.append(_deletion(terms, contract))
    if terms.exclusivity != "none":
        keep = (Term(f"{ODRL}ensureExclusivity"),)
        within = _territory(terms)
        rules.append(Rule("#exclusivity", "obligation", keep, conditions=within))
    return rules


def _deletion(terms: Terms, contract: Contract) -> Rule:
    delete = (Term(f"{ODRL}delete"),)
    if contract.until_us is None:
        after = _constraint(
            "delayPeriod", "lteq", typed(f"P{terms.delete_days}D", _DURATION)
        )
    else:
        last_us = contract.until_us + terms.delete_days * DAY_US
        after = _constraint("dateTime", "lteq", _moment(last_us))
    return Rule("#delete", "obligation", delete, conditions=(after,))


# ── writing ──

_MORE = {"dct": "http://purl.org/dc/terms/"}


def to_jsonld(written: Policy, **more: Any) -> dict[str, Any]:
    """Return *written* as JSON-LD in the context of ODRL, with *more* beside it."""
    document: dict[str, Any] = {
        "@context": [CONTEXT, _MORE],
        "@type": written.type,
        "uid": written.uid,
        "profile": PROFILE,
        "conflict": written.conflict,
    }
    document |= more
    for rule in written.rules:
        document.setdefault(rule.kind, []).append(_rule(rule, written.relations))
    return document


def to_turtle(written: Policy, **more: Any) -> str:
    """Return *written* as Turtle; the same triples as the JSON-LD."""
    graph = Graph()
    add_to(graph, [to_jsonld(written, **more)])
    graph.bind("odrl", ODRL)
    return str(graph.serialize(format="turtle"))


def add_to(graph: Graph, documents: list[dict[str, Any]]) -> None:
    """Add policies, as `to_jsonld` writes them, to a graph; nothing is fetched."""
    if not documents:
        return
    bare = [{k: v for k, v in one.items() if k != "@context"} for one in documents]
    whole = {"@context": [context(), _MORE], "@graph": bare}
    graph.parse(data=json.dumps(whole), format="json-ld")


def _rule(rule: Rule, relations: Relations) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if not rule.id.startswith(("_:", "#")):
        said["uid"] = rule.id
    below = {"permission": "duty", "prohibition": "remedy"}.get(
        rule.kind, "consequence"
    )
    parts: dict[str, list[Any]] = {
        "action": [_action(term, relations) for term in rule.actions],
        "target": [_term(term, "AssetCollection") for term in rule.targets],
        "assigner": [_term(term, "PartyCollection") for term in rule.assigners],
        "assignee": [_term(term, "PartyCollection") for term in rule.assignees],
        "constraint": [_condition(condition) for condition in rule.conditions],
        below: [_rule(duty, relations) for duty in rule.duties],
    }
    for key, values in parts.items():
        if values:
            said[key] = values[0] if len(values) == 1 else values
    return said


def _action(term: Term, relations: Relations) -> Any:
    wider = relations.actions.get(term.iri)
    if term.refinements:
        return {
            "rdf:value": {"@id": term.iri},
            "refinement": [_condition(part) for part in term.refinements],
        }
    if wider:
        return {"@id": term.iri, "includedIn": wider[0]}
    return term.iri.removeprefix(ODRL) if term.iri.startswith(ODRL) else term.iri


def _term(term: Term, kind: str) -> Any:
    if not term.collection and not term.refinements:
        return term.iri
    return {
        "@type": kind,
        "source": term.iri,
        "refinement": [_condition(part) for part in term.refinements],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Logical):
        return {condition.operator: [_condition(part) for part in condition.parts]}
    rights = [_value(value) for value in condition.rights]
    said = {
        "leftOperand": condition.left.removeprefix(ODRL),
        "operator": condition.operator,
        "rightOperand": rights[0] if len(rights) == 1 else rights,
    }
    return said | ({"unit": condition.unit} if condition.unit else {})


_DATATYPES = {
    "number": "decimal",
    "moment": "dateTime",
    "duration": "duration",
    "time": "time",
    "boolean": "boolean",
}


def _value(value: Value) -> Any:
    if value.kind == "iri":
        return {"@id": value.text}
    if value.kind not in _DATATYPES:
        return value.text
    datatype = _DATATYPES[value.kind]
    if value.kind == "moment" and "T" not in value.text:
        datatype = "date" if value.text.count("-") == 2 else "gYear"
    if value.kind == "number" and value.text.lstrip("-").isdigit():
        datatype = "integer"
    return {"@value": value.text, "@type": f"xsd:{datatype}"}
