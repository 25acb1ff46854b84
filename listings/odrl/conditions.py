"""Conditions: is what is the case such as the policy says; with the trace of why."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from listings.odrl.policy import (
    CHAIN_MAX,
    Condition,
    Constraint,
    Logical,
    Relations,
    Rule,
    Term,
)
from listings.odrl.values import Value, compare, same
from listings.odrl.words import INCLUDED_IN

# left operand → the values there are; none: nobody knows
Facts = Callable[[str], tuple[Value, ...]]
Subject = Condition | Term | Rule | None


class Check(NamedTuple):
    """One thing that was looked at: what it is, whether it holds, and what was found.

    *found* is what the request or the state says; *parts* are the checks within.
    """

    what: str  # action, target, assignee, assigner, constraint, refinement, logic, duty
    holds: bool
    subject: Subject
    found: tuple[Value | str, ...] = ()
    parts: "tuple[Check, ...]" = ()
    state: str = ""  # of a duty: fulfilled, pending, violated, unset


class View(NamedTuple):
    """What conditions are checked against.

    *every*: where there are several values, each must do (a permission); else one is
    enough (a prohibition). So a second purpose never makes a request more permitted.
    """

    facts: Facts
    relations: tuple[Relations, ...]
    every: bool = True


def check(condition: Condition, view: View, what: str = "constraint") -> Check:
    """Check a constraint or a logical constraint."""
    if isinstance(condition, Logical):
        return _check_logical(condition, view, what)
    found = view.facts(condition.left)
    return Check(what, _satisfied(condition, found, view), condition, found)


def check_all(
    conditions: Iterable[Condition], view: View, what: str = "constraint"
) -> tuple[Check, ...]:
    """Check each of *conditions*."""
    return tuple(check(condition, view, what) for condition in conditions)


def _check_logical(logical: Logical, view: View, what: str) -> Check:
    """Join the parts' answers; the parts of a sequence end with the first that fails.

    Without parts, nothing is satisfied: the reader refuses such constraints anyway.
    """
    parts: list[Check] = []
    for part in logical.parts:
        parts.append(check(part, view, what))
        if logical.operator == "andSequence" and not parts[-1].holds:
            break
    count = sum(part.holds for part in parts)
    if logical.operator == "or":
        holds = count > 0
    elif logical.operator == "xone":
        holds = count == 1
    else:
        holds = count == len(logical.parts) > 0
    return Check("logic", holds, logical, (), tuple(parts))


def _satisfied(constraint: Constraint, found: tuple[Value, ...], view: View) -> bool:
    """Tell whether a constraint is satisfied; never where nothing is known."""
    if not found:
        return False
    rights = constraint.rights
    if constraint.operator == "isAllOf":
        return all(any(same(value, right) for value in found) for right in rights)
    if constraint.operator == "hasPart":
        return all(_within(right, found, view.relations, "parts") for right in rights)
    test = _TESTS[constraint.operator]
    answers = (test(value, rights, view.relations) for value in found)
    return all(answers) if view.every else any(answers)


def _within(
    value: Value,
    wholes: Iterable[Value],
    relations: tuple[Relations, ...],
    family: str,
) -> bool:
    """Tell whether *value* is one of *wholes* or, by the relations, within one."""
    if any(same(value, whole) for whole in wholes):
        return True
    if value.kind not in {"iri", "text"}:
        return False
    around = ancestors(value.text, [getattr(known, family) for known in relations])
    return any(whole.text in around for whole in wholes)


def _ordered(*wanted: int) -> Callable[..., bool]:
    def test(value: Value, rights: tuple[Value, ...], _relations: object) -> bool:
        return all(compare(value, right) in wanted for right in rights)

    return test


_TESTS: dict[str, Callable[..., bool]] = {
    "eq": lambda value, rights, _: any(same(value, right) for right in rights),
    "isAnyOf": lambda value, rights, _: any(same(value, right) for right in rights),
    "neq": lambda value, rights, _: all(same(value, r) is False for r in rights),
    "isNoneOf": lambda value, rights, _: not any(same(value, r) for r in rights),
    "lt": _ordered(-1),
    "lteq": _ordered(-1, 0),
    "gt": _ordered(1),
    "gteq": _ordered(1, 0),
    "isA": lambda value, rights, relations: _within(value, rights, relations, "kinds"),
    "isPartOf": lambda value, rights, relations: _within(
        value, rights, relations, "parts"
    ),
}


def ancestors(start: str, maps: Iterable[Mapping[str, tuple[str, ...]]]) -> set[str]:
    """Return *start* and all that it belongs to, through any of *maps*; cycles end."""
    seen, waiting = {start}, [start]
    known = [one for one in maps if one]
    while waiting and len(seen) <= CHAIN_MAX and known:
        here = waiting.pop()
        for relation in known:
            new = [up for up in relation.get(here, ()) if up not in seen]
            seen.update(new)
            waiting.extend(new)
    return seen


def wider_actions(action: str, relations: tuple[Relations, ...]) -> set[str]:
    """Return the actions that include *action*: of the vocabulary and of profiles."""
    own = [known.actions for known in relations if known.actions]
    if own:
        return ancestors(action, [*own, _VOCABULARY])
    found = {action}
    while (wider := INCLUDED_IN.get(action)) and wider not in found:
        found.add(wider)
        action = wider
    return found


_VOCABULARY = {action: (wider,) for action, wider in INCLUDED_IN.items()}


def check_action(terms: tuple[Term, ...], action: str, view: View) -> Check:
    """Check the action: one of *terms* includes it, with its refinements."""
    wider = wider_actions(action, view.relations)
    return _any_of("action", terms, view, lambda term: term.iri in wider, (action,))


def check_thing(
    what: str, terms: tuple[Term, ...], thing: str | None, view: View
) -> Check:
    """Check the target or a party: it is one of *terms* or a part of one.

    A collection's refinements say which of its members are meant; *view* has the facts
    about *thing*.
    """
    if thing is None:
        return Check(what, not terms, terms[0] if terms else None)
    around = ancestors(thing, [known.parts for known in view.relations])
    return _any_of(what, terms, view, lambda term: term.iri in around, (thing,))


def _any_of(
    what: str,
    terms: tuple[Term, ...],
    view: View,
    fits: Callable[[Term], bool],
    found: tuple[str, ...],
) -> Check:
    """Return the check of the first term that fits, else of the nearest one."""
    if not terms:
        return Check(what, holds=True, subject=None, found=found)
    best = Check(what, holds=False, subject=terms[0], found=found)
    for term in terms:
        if not fits(term):
            continue
        parts = check_all(term.refinements, view, "refinement")
        holds = all(part.holds for part in parts)
        best = Check(what, holds, term, found, parts)
        if holds:
            break
    return best
