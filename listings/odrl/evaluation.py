"""Evaluation: may this request be carried out under this policy, and why (ODRL 2.2).

A pure function of policy, request and state of the world; nothing is fetched or read.
What the Information Model leaves open is decided against whoever asks:

- what nobody knows satisfies no constraint;
- a permission with a duty that is not fulfilled is not active, unless the state says
  that the duty is not yet due (``unset``);
- what no permission allows is not permitted, and obligations of the policy bind the
  parties without making a permission inactive.
"""

from typing import NamedTuple

from listings.odrl import duties
from listings.odrl.conditions import (
    Check,
    View,
    check_action,
    check_all,
    check_thing,
    wider_actions,
)
from listings.odrl.facts import about, of_request
from listings.odrl.policy import Policy, Request, Rule, World
from listings.odrl.words import NOT_BINDING

ALLOWED = "permitted"


class RuleReport(NamedTuple):
    """What became of one rule: active or not, and each thing that was looked at.

    *state*: of an obligation fulfilled, pending, violated or unset; of a prohibition
    infringed, remedied or kept.
    """

    rule: Rule
    active: bool
    checks: tuple[Check, ...]
    state: str = ""

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that keep the rule from being active."""
        return tuple(check for check in self.checks if not check.holds)


class Decision(NamedTuple):
    """The answer to one request."""

    verdict: str  # permitted, prohibited, not_permitted, invalid
    binding: bool  # False: an offer or a request, which grant nothing yet
    conflict: str | None  # the strategy that decided, where rules were in conflict
    rules: tuple[RuleReport, ...]

    @property
    def allowed(self) -> bool:
        """Tell whether the request is permitted."""
        return self.verdict == ALLOWED


def evaluate(policy: Policy, request: Request, world: World) -> Decision:
    """Evaluate every rule of *policy* for *request* in the state *world*."""
    reports = tuple(_report(policy, rule, request, world) for rule in policy.rules)
    permitted = prohibited = False
    for report in reports:
        permitted |= report.active and report.rule.kind == "permission"
        prohibited |= report.active and report.rule.kind == "prohibition"
    conflict = policy.conflict if permitted and prohibited else None
    verdict = _verdict(permitted, prohibited, policy.conflict)
    return Decision(verdict, policy.type not in NOT_BINDING, conflict, reports)


def compiled(policy: Policy, action: str) -> Policy:
    """Return *policy* with the rules alone that can decide on *action*.

    The verdict on a request for that action is the same; a rule whose action does not
    fit is never active, and obligations decide nothing. Only for policies whose
    relations are their own: a state may not add wider actions.
    """
    wider = wider_actions(action, (policy.relations,))
    rules = tuple(
        rule
        for rule in policy.rules
        if rule.kind != "obligation"
        and (not rule.actions or any(term.iri in wider for term in rule.actions))
    )
    return policy._replace(rules=rules)


def _verdict(permitted: bool, prohibited: bool, conflict: str) -> str:
    """Return what follows from the active rules (Information Model, 2.10)."""
    if permitted and prohibited:
        return {"perm": ALLOWED, "prohibit": "prohibited"}.get(conflict, "invalid")
    if prohibited:
        return "prohibited"
    return ALLOWED if permitted else "not_permitted"


def _report(policy: Policy, rule: Rule, request: Request, world: World) -> RuleReport:
    relations = (policy.relations, world.relations)
    every = rule.kind != "prohibition"
    view = View(of_request(policy, rule, request, world), relations, every)
    if rule.kind == "obligation":
        return _report_obligation(policy, rule, request, world)
    checks = [
        check_action(rule.actions, request.action, view),
        *_check_things(rule, request, world, view),
        *check_all(rule.conditions, view),
    ]
    state = ""
    if rule.kind == "permission":
        checks += (
            duties.check(duty, policy, world, request.assignee) for duty in rule.duties
        )
    else:
        state, remedies = duties.remedied(rule, policy, world)
        checks += remedies
    relevant = checks if every else [c for c in checks if c.what != "duty"]
    return RuleReport(rule, all(c.holds for c in relevant), tuple(checks), state)


def _check_things(
    rule: Rule, request: Request, world: World, view: View
) -> tuple[Check, ...]:
    """Check target and parties; who grants is asked only if the request names it."""
    target, party = request.target, request.assignee
    checks = (
        check_thing("target", rule.targets, target, about(view, world, target)),
        check_thing("assignee", rule.assignees, party, about(view, world, party)),
    )
    if request.assigner is None:
        return checks
    by = request.assigner
    granted = check_thing("assigner", rule.assigners, by, about(view, world, by))
    return (*checks, granted)


def _report_obligation(
    policy: Policy, rule: Rule, request: Request, world: World
) -> RuleReport:
    """Report an obligation: active while it binds the asking party and is not done."""
    nowhere = View(lambda _: (), (policy.relations, world.relations))
    party = check_thing(
        "assignee",
        rule.assignees,
        request.assignee,
        about(nowhere, world, request.assignee),
    )
    duty = duties.check(rule, policy, world, request.assignee)
    return RuleReport(
        rule, party.holds and not duty.holds, (party, duty), state=duty.state
    )
