"""Steps of the venue that two persons take: proposed with a reason, then decided.

The limits of a market change what its members may do, so nobody changes them alone.
A proposal is a command that waits; approving it carries it out, by the rules of that
moment. Whoever proposed it may withdraw it, and only another person approves it.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from marketplace.trading.control import Decide, Propose, SetLimits
from marketplace.trading.limits import Limits, check_possible, merged
from marketplace.trading.market import HANDLERS, Market, handles
from marketplace.trading.rights import check_reason
from marketplace.trading.venue import WrongOrder
from settlement.canonical import canonical
from settlement.errors import NotFound, OwnWork
from settlement.ids import encode

OPEN_MAX = 200  # proposals of a kind that wait
CYCLES = ("SetCycle", "SetCredit", "SetReserve", "SetPenalties", "WriteOff")
# Of refunds, those for the time that is left when a vendor has gone (N15).
STAFF_PROPOSES = (
    *("SetLimits", "ResolveDispute", "RefundSale", "SetTaxes", "Correct"),
    *("ClosePeriod", "Erase", *CYCLES),
)
WHOLE = 0  # instead of an instrument: the whole market
Step = Any  # a command that is carried out by `decide` alone
Check = Callable[[Market, Step], object]  # refuses what cannot be
Checked = TypeVar("Checked", bound=Check)
KINDS: dict[str, tuple[type, Check]] = {}  # by the name of the command


class ProposalState(StrEnum):
    """What has become of a proposal."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Proposal(NamedTuple):
    """One proposal, in the order of the columns of the table ``proposals``."""

    number: int
    seq: int
    at_us: int
    by_user: int
    kind: str
    body: str  # canonical JSON of the command's values
    reason: str
    state: str = ProposalState.OPEN.value
    decided_seq: int | None = None
    decided_by: int | None = None


def proposable(kind: type) -> Callable[[Checked], Checked]:
    """Register the decorated check of a step that two persons take."""

    def register(check: Checked) -> Checked:
        KINDS[kind.__name__] = (kind, check)
        return check

    return register


@handles(Propose)
def propose(market: Market, command: Propose, seq: int, at_us: int) -> int:
    """Let a step wait for a second person; the proposal's number."""
    if command.kind not in STAFF_PROPOSES:
        raise WrongOrder("kind")
    step = _step(command.kind, command.by, command.values)
    if not getattr(step, "ends", True):
        raise WrongOrder("kind")  # any other refund is its vendor's to offer
    return wait(market, step, command.values, command.reason, seq, at_us)


def wait(
    market: Market,
    step: Step,
    values: tuple[Any, ...],
    reason: str,
    seq: int,
    at_us: int,
) -> int:
    """Let a step, made of *values*, wait for a second person; the proposal's number."""
    kind = type(step).__name__
    check_reason(reason)
    if not reason.strip():
        raise WrongOrder("reason")
    if sum(kept.kind == kind for kept in market.proposals.values()) >= OPEN_MAX:
        raise WrongOrder("proposals")
    KINDS[kind][1](market, step)
    market.last_proposal += 1
    number = market.last_proposal
    kept = Proposal(number, seq, at_us, step.by, kind, canonical(values), reason)
    market.proposals[number] = market.proposals_changed[number] = kept
    market.steps[number] = step
    return number


@handles(Decide)
def decide(market: Market, command: Decide, seq: int, at_us: int) -> Any:
    """Carry a proposal out or turn it down; what the step came to.

    Raises NotFound, OwnWork, or whatever the step itself refuses; it then still waits.
    """
    kept = market.proposals.get(command.proposal)
    if kept is None:
        raise NotFound("proposal", encode("proposal", max(0, command.proposal)))
    result = None
    if command.approve:
        if kept.by_user == command.by:
            raise OwnWork
        step = market.steps[kept.number]
        result = HANDLERS[type(step)](market, step, seq, at_us)
    state = ProposalState.APPROVED if command.approve else ProposalState.REJECTED
    del market.proposals[kept.number], market.steps[kept.number]
    market.proposals_changed[kept.number] = kept._replace(
        state=state.value, decided_seq=seq, decided_by=command.by
    )
    return result


@handles(SetLimits)
def set_limits(market: Market, command: SetLimits, seq: int, _at_us: int) -> None:
    """Put limits in force from now on; waiting orders stay."""
    limits = _check_limits(market, command)
    if command.instrument == WHOLE:
        market.limits = limits
        for venue in market.venues.values():
            venue.limits = merged(venue.own_limits or Limits(), limits)
    else:
        venue = market.venue(command.instrument)
        venue.own_limits = limits
        venue.limits = merged(limits, market.limits)
    market.limits_new.append((seq, command.instrument, *limits))


def _step(kind: str, by: int, values: tuple[Any, ...]) -> Step:
    """Return the command that is proposed; WrongOrder if it is none."""
    try:
        return KINDS[kind][0](by, *values)
    except (KeyError, TypeError):
        raise WrongOrder("kind") from None


def restored(kept: Proposal, values: tuple[Any, ...]) -> Step:
    """Return the command that a recorded proposal stands for; KeyError if none."""
    return KINDS[kept.kind][0](kept.by_user, *values)


@proposable(SetLimits)
def _check_limits(market: Market, step: SetLimits) -> Limits:
    """Refuse limits that cannot be, or of an instrument that is not there."""
    if step.instrument != WHOLE:
        market.venue(step.instrument)
    try:
        limits = Limits(*step.limits)
    except TypeError:
        raise WrongOrder("limits") from None
    check_possible(limits)
    return limits
