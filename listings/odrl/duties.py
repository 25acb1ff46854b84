"""Duties: fulfilled, pending, violated; consequences of duties, remedies of breaches.

Information Model 2.2, 2.6.3 to 2.6.7: a duty is fulfilled when its action, with all
refinements, has been exercised while its constraints were satisfied. If it was not, its
action and all its consequences have to be fulfilled. A breach of a prohibition makes
its remedies due.
"""

from collections.abc import Iterable

from listings.odrl.conditions import Check, View, check_all
from listings.odrl.facts import DATE_TIME, of_performance, performed
from listings.odrl.policy import (
    Condition,
    Constraint,
    Performance,
    Policy,
    Rule,
    World,
)
from listings.odrl.values import compare

FULFILLED, PENDING, VIOLATED, UNSET = "fulfilled", "pending", "violated", "unset"


def check(duty: Rule, policy: Policy, world: World, party: str | None) -> Check:
    """Check a duty of *party*: it holds if it is fulfilled or not yet due.

    What the state says of the duty by its id goes before the log of performances.
    """
    said = world.duties.get(duty.id)
    if said in {FULFILLED, UNSET}:
        return Check("duty", holds=True, subject=duty, state=said)
    done = performed(duty, policy, world, None if duty.assignees else party)
    if said is None:
        for one in done:
            conditions = _conditions(duty, policy, world, one)
            if all(condition.holds for condition in conditions):
                return Check("duty", True, duty, parts=conditions, state=FULFILLED)
    consequences = tuple(check(c, policy, world, party) for c in duty.duties)
    if done and duty.duties and all(c.state == FULFILLED for c in consequences):
        return Check("duty", True, duty, parts=consequences, state=FULFILLED)
    overdue = said == VIOLATED or _is_over(duty.conditions, world)
    state = VIOLATED if overdue else PENDING
    return Check("duty", holds=False, subject=duty, parts=consequences, state=state)


def remedied(rule: Rule, policy: Policy, world: World) -> tuple[str, tuple[Check, ...]]:
    """Return whether a prohibition was kept, and its remedies if it was infringed."""
    breaches = [
        one
        for one in performed(rule, policy, world, None)
        if all(c.holds for c in _conditions(rule, policy, world, one))
    ]
    if not breaches and world.duties.get(rule.id) != VIOLATED:
        return "kept", ()
    party = breaches[0].party if breaches else None
    remedies = tuple(check(remedy, policy, world, party) for remedy in rule.duties)
    done = remedies and all(remedy.state == FULFILLED for remedy in remedies)
    return ("remedied" if done else "infringed"), remedies


def _conditions(
    rule: Rule, policy: Policy, world: World, one: Performance
) -> tuple[Check, ...]:
    """Check the rule's conditions as they were when *one* was done."""
    view = View(of_performance(one), (policy.relations, world.relations))
    return check_all(rule.conditions, view)


def _is_over(conditions: Iterable[Condition], world: World) -> bool:
    """Tell whether the last moment to do it has passed (dateTime lt or lteq)."""
    if world.now is None:
        return False
    for condition in conditions:
        if isinstance(condition, Constraint) and condition.left == DATE_TIME:
            before = condition.operator in {"lt", "lteq", "eq"}
            if before and any(compare(world.now, r) == 1 for r in condition.rights):
                return True
    return False
