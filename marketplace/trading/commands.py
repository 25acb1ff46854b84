"""Every command that the one door takes: whatever moves money, rights or rules.

A command is a tuple of integers, strings and tuples of these, so that the same value
is applied, journalled and sent over a socket. Fields are only ever appended, never
renamed or reordered: the journal is read by position. ``by`` is the user that acts,
``member`` the member acted for; both come from the session, never from a body.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from marketplace.trading import timetable
from marketplace.trading.acceptance import (
    AT_ONCE,
    Acceptance,
    AcceptDelivery,
    ReportDelivery,
    SetWorkdays,
)
from marketplace.trading.bidding import (
    BidInContest,
    CancelContest,
    OpenContest,
    PayContest,
)
from marketplace.trading.billing import (
    AskInvoice,
    InvoiceFees,
    IssueInvoice,
    RefuseInvoice,
)
from marketplace.trading.carding import (
    CloseDispute,
    EndCard,
    RecordLine,
    RequestCardPayin,
)
from marketplace.trading.cashing import (
    ApprovePayin,
    ApprovePayout,
    CancelPayout,
    ConfirmPayin,
    FailPayout,
    PayPayout,
    RejectPayin,
    RequestPayin,
    RequestPayout,
)
from marketplace.trading.consents import SetConsents
from marketplace.trading.control import (
    AllowTrading,
    Decide,
    Propose,
    SetPhase,
    SetTimetable,
    StopTrading,
    Uncross,
    Uncrossed,
)
from marketplace.trading.drafting import (
    CancelSale,
    DraftContract,
    ReturnContract,
    SignContract,
)
from marketplace.trading.dues import (
    ApproveRun,
    CancelRun,
    ExecuteRun,
    FreezeRun,
    PayDebt,
)
from marketplace.trading.mandating import EndMandate, GiveMandate
from marketplace.trading.objecting import (
    AgreeDispute,
    AnswerDispute,
    OfferRefund,
    OpenDispute,
    ReturnSale,
    WithdrawDispute,
)
from marketplace.trading.pooling import CancelPool, JoinPool, OpenPool
from marketplace.trading.questioning import QuestionTrade
from marketplace.trading.quoting import (
    CounterOffer,
    DeclineOffer,
    OfferPrice,
    TakeOffer,
    WithdrawOffer,
)
from marketplace.trading.recording import (
    ConfirmFiling,
    FileTrade,
    RegisterFiling,
    WithdrawFiling,
)
from marketplace.trading.scope import NOWHERE, Scope
from marketplace.trading.sealing import CallTender, CancelTender, OpenBids, SealBid
from marketplace.trading.splits import AgreeSplit, Part, ProposeSplit, RejectSplit
from marketplace.trading.using import CountUse, DeclareUse, SetBudget

ORDERS_MAX = 1_000  # in one basket


class Line(NamedTuple):
    """What is wanted of one order; see `orders.Order` for the meaning of each field."""

    instrument: int
    side: str  # "buy" or "sell"
    price: int | None  # minor units per unit; None: market order
    quantity: int
    time_in_force: str = "GTC"
    expires_us: int | None = None
    evergreen: bool = False
    post_only: bool = False
    purpose: str = ""  # buyers declare what the data is for
    quote: int | None = None  # the posted order whose price the buyer has seen


class PlaceOrder(NamedTuple):
    """Place one order."""

    by: int
    member: int
    line: Line


class PlaceBasket(NamedTuple):
    """Place up to ORDERS_MAX orders at once; each is accepted or refused by itself.

    With *total_max* (minor units) all are carried out at what is posted or best now,
    in full and for at most so much together, or none is; see `baskets`.
    """

    by: int
    member: int
    lines: tuple[Line, ...]
    total_max: int | None = None


class CancelOrder(NamedTuple):
    """Cancel what is left of the member's own order."""

    by: int
    member: int
    order: int


class CancelAll(NamedTuple):
    """Cancel all open orders of the member, or those in one instrument."""

    by: int
    member: int
    instrument: int | None = None


class ReduceOrder(NamedTuple):
    """Reduce the member's own order by *quantity*; it keeps its priority."""

    by: int
    member: int
    order: int
    quantity: int


class ReplaceOrder(NamedTuple):
    """Give the member's own order another price or quantity, at once or not at all.

    *quantity* is what is to wait from now on. Less at the same price keeps the place
    in the queue; anything else is a new order, placed as the old one ends.
    """

    by: int
    member: int
    order: int
    price: int | None
    quantity: int
    post_only: bool = False


class SetStanding(NamedTuple):
    """Record whether a member is verified; without it, open orders are cancelled."""

    by: int
    member: int
    verified: bool


class ListInstrument(NamedTuple):
    """Open a book for an instrument, or give it new terms from now on.

    *terms* is the canonical JSON of what a buyer gets (product, release, licence text
    and hash); running entitlements keep the terms they were bought under.
    """

    by: int
    instrument: int
    symbol: str
    vendor: int
    currency: int  # asset number of the money
    tick: int
    lot: int
    terms: str
    purposes: tuple[str, ...]
    term_us: int | None
    deliveries_max: int | None
    transferable: bool
    price_max: int | None = None  # ceiling of its price, minor units per unit
    trial_of: int | None = None  # the paid instrument that this is the free trial of
    scope: Scope = NOWHERE
    acceptance: Acceptance = AT_ONCE


class SetAudience(NamedTuple):
    """Say who may trade an instrument besides its vendor: *members*; None: anybody.

    Who loses it has its open orders cancelled. A *hidden* one is unknown to others.
    """

    by: int
    instrument: int
    members: tuple[int, ...] | None  # ascending
    hidden: bool


class SuspendInstrument(NamedTuple):
    """Stop trading in an instrument; its orders stay, cancels are still taken."""

    by: int
    instrument: int


class ResumeInstrument(NamedTuple):
    """Let a suspended instrument trade again."""

    by: int
    instrument: int


class DelistInstrument(NamedTuple):
    """End trading in an instrument: its orders are cancelled, rights stay."""

    by: int
    instrument: int


class PublishFees(NamedTuple):
    """Put a new fee schedule in force for the trades after it."""

    by: int
    trade_bps: int
    rules: tuple[tuple[Any, ...], ...] = ()  # see `fees.Rule`


class GrantRight(NamedTuple):
    """Give a right at no price (trial, own use, a gift of the vendor)."""

    by: int
    member: int
    instrument: int
    quantity: int
    purpose: str


class SuspendRight(NamedTuple):
    """Suspend an entitlement: the next delivery is refused."""

    by: int
    entitlement: int
    reason: str = ""


class RestoreRight(NamedTuple):
    """Make a suspended entitlement active again."""

    by: int
    entitlement: int
    reason: str = ""


class RevokeRight(NamedTuple):
    """End an entitlement for good."""

    by: int
    entitlement: int
    reason: str = ""


class Deliver(NamedTuple):
    """Open one delivery of a file under an entitlement: check, count, receipt."""

    by: int
    member: int
    entitlement: int
    file: int
    sha256: str
    bytes: int


class Tick(NamedTuple):
    """Let time pass: expire what is due."""


Command = (
    PlaceOrder | PlaceBasket | CancelOrder | CancelAll | ReduceOrder | SetStanding
    | ListInstrument | SetAudience | SuspendInstrument | ResumeInstrument
    | DelistInstrument | PublishFees | RequestPayin | ConfirmPayin | ApprovePayin
    | RejectPayin | RequestPayout | ApprovePayout | PayPayout | FailPayout
    | CancelPayout | GrantRight | SuspendRight | RestoreRight | RevokeRight | Deliver
    | OfferPrice | WithdrawOffer | TakeOffer | SetPhase | Uncross | SetTimetable
    | StopTrading | AllowTrading | ReplaceOrder | Propose | Decide | Tick
    | OpenContest | BidInContest | PayContest | CancelContest
    | CounterOffer | DeclineOffer
    | CallTender | SealBid | OpenBids | CancelTender
    | FileTrade | ConfirmFiling | RegisterFiling | WithdrawFiling
    | AcceptDelivery | ReportDelivery | SetWorkdays | SetConsents
    | OpenDispute | AnswerDispute | AgreeDispute | WithdrawDispute | ReturnSale
    | OfferRefund | QuestionTrade | ProposeSplit | AgreeSplit | RejectSplit
    | FreezeRun | ApproveRun | ExecuteRun | CancelRun | PayDebt
    | RequestCardPayin | RecordLine | CloseDispute | EndCard
    | SetBudget | CountUse | DeclareUse
    | OpenPool | JoinPool | CancelPool
    | AskInvoice | IssueInvoice | RefuseInvoice | InvoiceFees
    | DraftContract | SignContract | ReturnContract | CancelSale
    | GiveMandate | EndMandate
)  # fmt: skip
UNCROSSING = ("SetPhase", "Uncross")
KINDS: dict[str, type[Command]] = {kind.__name__: kind for kind in Command.__args__}


class Placed(NamedTuple):
    """What became of an order when it was placed."""

    order: int
    state: str
    remaining: int  # still in the book
    cancelled: int  # quantity that was not taken and does not rest
    reason: str | None  # why it was cancelled
    trades: tuple[tuple[int, int, int], ...]  # (trade, price, quantity)


class Refused(NamedTuple):
    """One line of a basket that was refused: its code and facts."""

    code: str
    facts: dict[str, Any]


def decode(kind: str, values: Sequence[Any]) -> Command:
    """Return the command that was written as *kind* and the JSON array *values*."""
    command = KINDS[kind](*values)
    if isinstance(command, PlaceOrder):
        return command._replace(line=Line(*command.line))
    if isinstance(command, PlaceBasket):
        return command._replace(lines=tuple(Line(*line) for line in command.lines))
    if isinstance(command, SetTimetable) and command.timetable is not None:
        return command._replace(timetable=timetable.decode(command.timetable))
    if isinstance(command, ProposeSplit):
        return command._replace(parts=tuple(Part(*part) for part in command.parts))
    if isinstance(command, ListInstrument):
        return command._replace(
            purposes=tuple(command.purposes),
            scope=Scope(*command.scope),
            acceptance=Acceptance(*command.acceptance),
        )
    return cast("Command", type(command)(*map(frozen, command)))


def decode_result(kind: str, result: Any) -> Any:
    """Return a command's result as `Market.apply` gave it, from its JSON."""
    if kind in (PlaceOrder.__name__, ReplaceOrder.__name__):
        return _decode_placed(result)
    if kind == PlaceBasket.__name__:
        return tuple(
            Refused(*line) if isinstance(line[0], str) else _decode_placed(line)
            for line in result
        )
    if kind in UNCROSSING and result is not None:
        return Uncrossed(*result)
    return tuple(result) if isinstance(result, list) else result


def frozen(values: Any) -> Any:
    """Return JSON arrays as tuples, however deep."""
    return tuple(map(frozen, values)) if isinstance(values, list | tuple) else values


def _decode_placed(values: Sequence[Any]) -> Placed:
    placed = Placed(*values)
    return placed._replace(trades=tuple((t, p, q) for t, p, q in placed.trades))
