"""Policies as values: rules with actions, targets, parties, conditions, duties."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from listings.odrl.values import Value
from settlement.errors import Refusal

BYTES_MAX = 262_144  # of one document
TRIPLES_MAX = 20_000
RULES_MAX = 1_000  # of a policy with what it inherits, duties included
CONSTRAINTS_MAX = 2_000
LOGIC_DEPTH_MAX = 16  # of logical constraints within each other
DUTY_DEPTH_MAX = 8  # of consequences of consequences
INHERITED_MAX = 16  # policies from a policy up to its oldest ancestor
JSON_DEPTH_MAX = 64
CHAIN_MAX = 1_000  # steps from a part to a whole, or from a kind to a wider one
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(eq=False)
class Malformed(Refusal):
    """This ODRL document cannot be read."""

    document: str  # policy, request or state
    line: int | None
    where: str  # the node that is wrong, as it is named
    reason: str


class Constraint(NamedTuple):
    """One comparison of what is the case with what the policy says."""

    id: str
    left: str  # IRI of the left operand
    operator: str
    rights: tuple[Value, ...]
    unit: str | None = None


class Logical(NamedTuple):
    """Conditions joined by and, or, xone or andSequence."""

    id: str
    operator: str
    parts: "tuple[Condition, ...]"


Condition: TypeAlias = Constraint | Logical


class Term(NamedTuple):
    """An action, asset or party as a rule names it; a collection with its source."""

    iri: str
    refinements: tuple[Condition, ...] = ()
    collection: bool = False


class Rule(NamedTuple):
    """A permission, prohibition, duty, obligation, consequence or remedy.

    Several actions, targets or parties: any of them (in a duty each one makes a duty
    of its own). None: any at all.
    """

    id: str
    kind: str
    actions: tuple[Term, ...] = ()
    targets: tuple[Term, ...] = ()
    assigners: tuple[Term, ...] = ()
    assignees: tuple[Term, ...] = ()
    conditions: tuple[Condition, ...] = ()
    duties: "tuple[Rule, ...]" = ()  # of a permission; remedies, consequences


class Relations(NamedTuple):
    """What belongs to what: part → wholes, thing → kinds, action → wider actions."""

    parts: dict[str, tuple[str, ...]]
    kinds: dict[str, tuple[str, ...]]
    actions: dict[str, tuple[str, ...]]


NO_RELATIONS = Relations({}, {}, {})


class Policy(NamedTuple):
    """A policy with all that it inherits."""

    uid: str
    type: str  # Set, Offer, Agreement, Request, …
    conflict: str  # perm, prohibit or invalid
    rules: tuple[Rule, ...]  # permissions, prohibitions, obligations
    relations: Relations = NO_RELATIONS
    since_us: int | None = None  # when it was issued or agreed


class Performance(NamedTuple):
    """An action that was exercised: by whom, on what, when, how."""

    action: str
    target: str | None
    party: str | None
    at_us: int | None
    facts: dict[str, tuple[Value, ...]]


class World(NamedTuple):
    """The state of the world that a request is evaluated in."""

    now: Value | None = None
    facts: Mapping[str, tuple[Value, ...]] = NOTHING  # left operand → values
    about: Mapping[str, Mapping[str, tuple[Value, ...]]] = NOTHING  # thing → facts
    performed: tuple[Performance, ...] = ()
    duties: Mapping[str, str] = NOTHING  # duty → fulfilled, violated, unset
    relations: Relations = NO_RELATIONS


class Request(NamedTuple):
    """What somebody wants to do: an action on a target, and in which circumstances."""

    action: str
    target: str | None = None
    assignee: str | None = None
    assigner: str | None = None
    facts: Mapping[str, tuple[Value, ...]] = NOTHING
    id: str = ""
