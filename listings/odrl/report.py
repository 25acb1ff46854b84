"""Reports: a decision in sentences, as JSON for programs and as a table for people."""

from typing import Any

from listings.odrl.conditions import Check
from listings.odrl.evaluation import Decision, RuleReport
from listings.odrl.policy import Constraint, Logical, Policy, Request, Rule, Term
from listings.odrl.values import Value
from listings.odrl.words import short

VALUES_SHOWN = 8
VERDICTS = {
    "permitted": "Permitted: a permission is active and nothing speaks against it.",
    "prohibited": "Prohibited: a prohibition is active.",
    "not_permitted": "Not permitted: no permission is active.",
    "invalid": "Invalid: permissions and prohibitions are in conflict, which voids"
    " the policy.",
}


def as_json(policy: Policy, request: Request, decision: Decision) -> dict[str, Any]:
    """Return the whole report of a decision, ready for JSON."""
    return {
        "policy": policy.uid,
        "type": policy.type,
        "request": {
            "id": request.id or None,
            "action": request.action,
            "target": request.target,
            "assignee": request.assignee,
        },
        "verdict": decision.verdict,
        "allowed": decision.allowed,
        "binding": decision.binding,
        "conflict": decision.conflict,
        "reason": reason(decision),
        "rules": [_rule(report) for report in decision.rules],
    }


def _rule(report: RuleReport) -> dict[str, Any]:
    return {
        "rule": report.rule.id,
        "kind": report.rule.kind,
        "active": report.active,
        "state": report.state or None,
        "why": why(report),
        "checks": [_check(check) for check in report.checks],
    }


def _check(check: Check) -> dict[str, Any]:
    subject = check.subject
    return {
        "what": check.what,
        "id": subject.id if isinstance(subject, Constraint | Logical | Rule) else None,
        "satisfied": check.holds,
        "state": check.state or None,
        "sentence": sentence(check),
        "parts": [_check(part) for part in check.parts],
    }


def reason(decision: Decision) -> str:
    """Return in a sentence or two why the decision is as it is."""
    said = VERDICTS[decision.verdict]
    if decision.conflict and decision.verdict != "invalid":
        said += f" Rules are in conflict; the policy's strategy is {decision.conflict}."
    if not decision.binding:
        said += " The policy only proposes: it grants nothing until it is agreed."
    failed = next(
        (
            check
            for report in decision.rules
            if report.rule.kind == "permission" and not report.active
            for check in report.failed
        ),
        None,
    )
    if decision.verdict == "not_permitted" and failed is not None:
        said += f" {sentence(failed)}"
    return said


def why(report: RuleReport) -> str:
    """Return in a sentence why a rule is active or not."""
    if report.rule.kind == "obligation":
        return f"The obligation is {report.state}."
    if report.active:
        return f"The {report.rule.kind} is active: all that it asks for holds."
    return f"The {report.rule.kind} is not active. {sentence(report.failed[0])}"


def sentence(check: Check) -> str:
    """Return one check in words."""
    subject = check.subject
    if isinstance(subject, Logical):
        return _logic(check, subject)
    if isinstance(subject, Constraint):
        return _comparison(check, subject)
    if isinstance(subject, Rule):
        actions = " or ".join(short(term.iri) for term in subject.actions)
        return f"The {subject.kind} to {actions} is {check.state}."
    return _membership(check, subject)


def _membership(check: Check, term: Term | None) -> str:
    if term is None:
        return f"Any {check.what} will do."
    asked = short(str(check.found[0])) if check.found else "nobody and nothing"
    named = short(term.iri)
    if check.holds:
        return f"The {check.what} {asked} is {named} or a part of it."
    broken = next((part for part in check.parts if not part.holds), None)
    if broken is not None:
        return f"The {check.what} {named} is refined: {sentence(broken)}"
    return f"The {check.what} {asked} is not {named}, and no part of it."


def _logic(check: Check, logical: Logical) -> str:
    count = sum(part.holds for part in check.parts)
    wanted = {"or": "at least one", "xone": "exactly one"}.get(logical.operator, "each")
    total = len(logical.parts)
    says = "is satisfied" if check.holds else "is not satisfied"
    return f"{logical.operator} {says}: {count} of {total} hold, {wanted} is needed."


def _comparison(check: Check, constraint: Constraint) -> str:
    left = short(constraint.left)
    unit = f" {short(constraint.unit)}" if constraint.unit else ""
    wanted = f"{constraint.operator} {_listed(constraint.rights)}{unit}"
    if not check.found:
        return f"{left} is not known, so {left} {wanted} is not satisfied."
    says = "is satisfied" if check.holds else "is not satisfied"
    return f"{left} is {_listed(check.found)}: {left} {wanted} {says}."


def _listed(values: tuple[Value | str, ...]) -> str:
    shown = [
        short(value.text if isinstance(value, Value) else value)[:120]
        for value in values[:VALUES_SHOWN]
    ]
    more = f", … ({len(values)})" if len(values) > VALUES_SHOWN else ""
    return ", ".join(shown) + more


def lines(decision: Decision, depth: int = 6) -> list[tuple[str, str, str]]:
    """Return (mark, what, sentence) for each line of the table that people read."""
    found = [("=", decision.verdict, reason(decision))]
    for report in decision.rules:
        mark = "active" if report.active else "inactive"
        found.append(
            (mark, report.rule.kind, f"{short(report.rule.id)}: {why(report)}")
        )
        for check in report.checks:
            found += _lines(check, 1, depth)
    return found


def _lines(check: Check, level: int, depth: int) -> list[tuple[str, str, str]]:
    mark = "✓" if check.holds else "✗"
    found = [(mark, "  " * level + check.what, sentence(check))]
    if level < depth:
        for part in check.parts:
            found += _lines(part, level + 1, depth)
    return found
