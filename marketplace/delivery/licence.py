"""The licence of a right, enforced: a delivery is what the frozen policy permits.

The policy is the one that `listings.formats.odrl` exports, made of the terms that the
contract froze; it is made once and kept. How often a right opens and whether it is in
force is the market's to say (`settlement.entitlements`); it alone knows a repeated key.
"""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from listings import licences
from listings.formats import odrl
from listings.formats.odrl import ACTIONS, OURS, Contract, name
from listings.licences import Licence
from listings.odrl.conditions import Check
from listings.odrl.evaluation import Decision, compiled, evaluate
from listings.odrl.policy import Constraint, Policy, Request, World
from listings.odrl.report import reason
from listings.odrl.values import Value, iri, moment, number
from listings.odrl.words import ODRL, short
from settlement import clock, ids
from settlement.errors import Refusal

Facts: TypeAlias = dict[str, tuple[Value, ...]]
POLICIES_MAX = 4_096  # kept ready; more than are in use at a time
_ready: dict[tuple[object, ...], Policy] = {}


@dataclass(eq=False)
class NotLicensed(Refusal):
    """The licence of this right does not permit that."""

    entitlement: str
    rule: str  # permission or prohibition
    condition: str  # what the rule looked at: purpose, spatial, dateTime, …
    reason: str  # a sentence in English


def check(right: Any, terms: Any, region: str, at_us: int, use: str = "access") -> None:
    """Refuse with NotLicensed unless the licence permits *use* of *right* now.

    *right* is a row of the entitlements, *terms* the row (sha256, body) that it froze,
    *region* where its holder is registered ("": not known, then it is not looked at).
    """
    if _decide(right, terms, region, at_us, use, whole=False).allowed:
        return
    found = decide(right, terms, region, at_us, use)
    rule, condition = _culprit(found)
    entitlement = ids.encode("entitlement", right.id)
    raise NotLicensed(entitlement, rule, condition, reason(found))


def decide(
    right: Any, terms: Any, region: str, at_us: int, use: str = "access"
) -> Decision:
    """Return what the frozen licence says of *use* of *right*, with every rule."""
    return _decide(right, terms, region, at_us, use, whole=True)


def _decide(
    right: Any, terms: Any, region: str, at_us: int, use: str, *, whole: bool
) -> Decision:
    policy = _policy(right, terms, "" if whole else ACTIONS[use])
    holder = name("member", ids.encode("member", right.holder))
    facts: Facts = {f"{ODRL}purpose": (iri(name("purpose", right.purpose)),)}
    circumstances: Facts = {f"{ODRL}count": (number(right.deliveries),)}
    target = None
    if policy.rules:
        target = policy.rules[0].targets[0].iri
        circumstances |= _place(policy, region)
    request = Request(ACTIONS[use], target, holder, facts=facts)
    world = World(moment(at_us, _written(at_us)), circumstances)
    return evaluate(policy, request, world)


def _written(at_us: int) -> str:
    return clock.moment(at_us).isoformat()


def _policy(right: Any, terms: Any, action: str) -> Policy:
    """Return the policy of a right, or its rules on *action*; made once and kept."""
    key = (
        *(terms.sha256, right.holder, right.purpose),
        *(right.until_us, right.deliveries_max, action),
    )
    policy = _ready.get(key)
    if policy is None:
        policy = policy_of(right, json.loads(terms.body))
        if action:
            policy = compiled(policy, action)
        if len(_ready) >= POLICIES_MAX:
            _ready.clear()
        _ready[key] = policy
    return policy


def policy_of(right: Any, terms: dict[str, Any]) -> Policy:
    """Return the agreement that a right and its frozen *terms* are."""
    contract = Contract(
        terms["product"],
        assignee=ids.encode("member", right.holder),
        since_us=right.from_us,
        until_us=right.until_us,
        deliveries_max=right.deliveries_max,
        transferable=terms["transferable"],
    )
    return odrl.policy(_agreed(licence_of(terms), right.purpose), contract)


def _agreed(found: Licence, purpose: str) -> Licence:
    """Return a licence with the purpose on request that its vendor agreed to.

    The market lets nobody buy for such a purpose without that (`listings.consents`).
    """
    said = found.terms
    if said is None or purpose not in said.on_request:
        return found
    purposes = (*said.permitted, purpose)
    return found._replace(terms=said._replace(purposes=purposes))


def licence_of(terms: dict[str, Any]) -> Licence:
    """Return the licence that frozen *terms* hold."""
    frozen = terms["licence"]
    texts = {field: frozen[field] for field in Licence._fields if field in frozen}
    return Licence(
        **texts | {"terms": licences.terms_from(json.dumps(frozen["terms"]))}
    )


def _place(policy: Policy, region: str) -> Facts:
    """Return where the data is used, and in which field, as the contract has it.

    The place is the holder's; where it is not known, and for the field, the buyer's
    acceptance of the licence is all there is.
    """
    found: Facts = {}
    for condition in policy.rules[0].conditions:
        if isinstance(condition, Constraint):
            if condition.left == f"{ODRL}industry":
                found[condition.left] = condition.rights
            elif condition.left == f"{ODRL}spatial":
                code = region[:2] if region.isdigit() else region
                known = (iri(f"{OURS}region:{code}"),)
                found[condition.left] = known if code else condition.rights
    return found


def _culprit(found: Decision) -> tuple[str, str]:
    """Return the kind of the rule that decided, and what it looked at.

    A prohibition goes before the permissions that do not hold.
    """
    for report in found.rules:
        if report.rule.kind == "prohibition" and report.active:
            return "prohibition", short(report.rule.actions[0].iri)
    for report in found.rules:
        if report.rule.kind == "permission" and report.failed:
            return "permission", _looked_at(report.failed[0])
    return "permission", ""


def _looked_at(failed: Check) -> str:
    subject = failed.subject
    return short(subject.left) if isinstance(subject, Constraint) else failed.what
