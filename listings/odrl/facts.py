"""Facts: what is known of a request, a performance or a thing, by left operand.

The state of the world goes before what the request says of itself. Where neither says
anything, these are worked out from the log of performances: ``count`` (those so far and
the one that is asked for), ``elapsedTime`` (since the first), ``timeInterval`` (since
the last), ``meteredTime`` (their lengths together); ``delayPeriod`` is the time since
the policy was issued, ``dateTime`` the present moment, ``recipient`` the assignee.
"""

from listings.odrl.conditions import (
    Facts,
    View,
    ancestors,
    check_all,
    wider_actions,
)
from listings.odrl.policy import (
    Performance,
    Policy,
    Relations,
    Request,
    Rule,
    Term,
    World,
)
from listings.odrl.values import Value, duration, iri, moment, number
from listings.odrl.words import ODRL

DATE_TIME = f"{ODRL}dateTime"
COUNT = f"{ODRL}count"
METERED = f"{ODRL}meteredTime"
_NOTHING: tuple[Value, ...] = ()


def of_request(policy: Policy, rule: Rule, request: Request, world: World) -> Facts:
    """Return the facts that a rule's conditions are checked against."""

    def facts(left: str) -> tuple[Value, ...]:
        if left == DATE_TIME and world.now is not None:
            return (world.now,)
        known = world.facts.get(left) or request.facts.get(left)
        return known or _derived(left, policy, rule, request, world)

    return facts


def _derived(
    left: str, policy: Policy, rule: Rule, request: Request, world: World
) -> tuple[Value, ...]:
    """Return what the log of performances says of a left operand."""
    if left == f"{ODRL}recipient" and request.assignee:
        return (iri(request.assignee),)
    if left in {COUNT, METERED}:
        done = performed(rule, policy, world, request.assignee)
        return (number(len(done) + 1),) if left == COUNT else _metered(done)
    if world.now is None or world.now.kind != "moment":
        return _NOTHING
    now_us = world.now.value[0]
    if left == f"{ODRL}delayPeriod" and policy.since_us is not None:
        return (duration(now_us - policy.since_us),)
    if left in {f"{ODRL}elapsedTime", f"{ODRL}timeInterval"}:
        done = performed(rule, policy, world, request.assignee)
        return _since(now_us, done, first=left == f"{ODRL}elapsedTime")
    return _NOTHING


def _since(now_us: int, done: list[Performance], *, first: bool) -> tuple[Value, ...]:
    """Return the time since the first or last performance; 0 before the first."""
    times = [one.at_us for one in done if one.at_us is not None]
    if times:
        return (duration(now_us - (min(times) if first else max(times))),)
    return (duration(0),) if first else _NOTHING


def _metered(done: list[Performance]) -> tuple[Value, ...]:
    lengths = [
        value.value[1]
        for one in done
        for value in one.facts.get(METERED, ())
        if value.kind == "duration" and value.value[0] == 0
    ]
    return (duration(sum(lengths)),)


def about(view: View, world: World, thing: str | None) -> View:
    """Return *view* with the facts that the state has about *thing*."""
    known = world.about.get(thing or "", {})
    return view._replace(facts=lambda left: known.get(left, _NOTHING))


def of_performance(one: Performance) -> Facts:
    """Return the facts of something that was done; its dateTime is when."""

    def facts(left: str) -> tuple[Value, ...]:
        if left == DATE_TIME and one.at_us is not None:
            return (moment(one.at_us, str(one.at_us)),)
        return one.facts.get(left, _NOTHING)

    return facts


def performed(
    rule: Rule, policy: Policy, world: World, party: str | None
) -> list[Performance]:
    """Return the performances of the rule's action, refined so, on its target.

    By *party* where one is given and the log names one, else by the rule's assignee.
    """
    if not world.performed:
        return []
    relations = (policy.relations, world.relations)
    return [
        one
        for one in world.performed
        if _did(rule.actions, one, relations)
        and _on(rule.targets, one.target, relations)
        and (
            one.party in {None, party} if party else _on(rule.assignees, one.party, ())
        )
    ]


def _did(
    terms: tuple[Term, ...], one: Performance, relations: tuple[Relations, ...]
) -> bool:
    wider = wider_actions(one.action, relations)
    view = View(of_performance(one), relations)
    return not terms or any(
        term.iri in wider and all(c.holds for c in check_all(term.refinements, view))
        for term in terms
    )


def _on(
    terms: tuple[Term, ...], thing: str | None, relations: tuple[Relations, ...]
) -> bool:
    """Tell whether a performance on *thing* counts; the log need not name it."""
    if not terms or thing is None:
        return True
    around = ancestors(thing, [known.parts for known in relations])
    return any(term.iri in around for term in terms)
