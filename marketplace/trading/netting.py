"""Netting runs: frozen by one, approved by another, executed as a whole; debts after.

The waterfall of a run, for whoever lacks money: its free money, what it holds for its
trades, the house's reserve. All others are paid in full in the same step. What the
reserve advanced is a debt: the latest purchases that it stands for stay out of force
until it is paid, with the penalty; or, in default, they are unwound and the reserve
bears the loss.
"""

from collections.abc import Iterable

from marketplace.trading import rights
from marketplace.trading.deferring import RESERVE
from marketplace.trading.dues import (
    ApproveRun,
    CancelRun,
    ExecuteRun,
    FreezeRun,
    NothingDue,
    PayDebt,
    RunUnderWay,
    WriteOff,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.timetable import day_of
from marketplace.trading.venue import WrongOrder
from settlement.cycles import (
    OBLIGATION,
    RUN,
    Fail,
    Obligation,
    ObligationEvent,
    Owed,
    Position,
    Run,
    RunEvent,
    RunState,
    penalty,
    positions,
)
from settlement.entitlements import EntitlementEvent, Hold
from settlement.errors import OwnWork
from settlement.escrows import TRADE, TradeEvent, TradeState
from settlement.ledger import HOUSE, Pocket, Transfer
from settlement.money import BY_ASSET

FREE, ESCROW = Pocket.FREE, Pocket.ESCROW
CLEARING = Pocket.ESCROW  # of the house: empty before and after every run


@handles(FreezeRun)
def freeze(market: Market, command: FreezeRun, seq: int, at_us: int) -> int:
    """Take what is due into a run, and say what it comes to; its number."""
    currency, dues = command.currency, market.dues
    if currency not in BY_ASSET:
        raise WrongOrder("currency")
    for run in dues.runs.values():
        if run.currency == currency:
            raise RunUnderWay(run.number)
    taken = list(dues.due(currency, at_us))
    if not taken:
        raise NothingDue
    number = dues.last_run + 1
    for owed in taken:
        owed.run = number
        dues.note(owed)
    lines = tuple(_positions(market, taken))
    run = Run(
        number, seq, at_us, currency, command.by, RunState.FROZEN, len(taken),
        sum(owed.value for owed in taken),
        sum(max(0, -line.net) for line in lines), lines=lines,
    )  # fmt: skip
    dues.note_run(run)
    dues.lines_new += [(number, *line) for line in lines]
    return number


def _positions(market: Market, taken: Iterable[Obligation]) -> list[Position]:
    """Return the positions that some obligations come to."""
    owed, shared = [], []
    for one in taken:
        trade = one.trade
        owed.append(Owed(trade.buyer, trade.seller, one.value, trade.fee, one.cover))
        shares = market.shares.of.get(trade.number)
        if shares is not None:
            planned = shares.planned(one.value - trade.fee)
            shared += [(trade.seller, party, part) for party, part in planned.items()]
    return positions(owed, shared)


@handles(ApproveRun)
def approve(market: Market, command: ApproveRun, _seq: int, _at_us: int) -> None:
    """Approve a run as the second person."""
    run = market.dues.run(command.run)
    state = RUN.after(run.state, RunEvent.APPROVE)
    if command.by == run.by_user:
        raise OwnWork
    run.state, run.approved_by = state, command.by
    market.dues.note_run(run)


@handles(CancelRun)
def cancel(market: Market, command: CancelRun, seq: int, _at_us: int) -> None:
    """Give a run up: what it held is due again."""
    run = market.dues.run(command.run)
    run.state, run.ended_seq = RUN.after(run.state, RunEvent.CANCEL), seq
    for owed in _of(market, run):
        owed.run = None
        market.dues.note(owed)
    market.dues.note_run(run)


def _of(market: Market, run: Run) -> list[Obligation]:
    """Return the obligations of a run under way, by number of the trade."""
    return [
        owed for _, owed in sorted(market.dues.live.items()) if owed.run == run.number
    ]


@handles(ExecuteRun)
def execute(market: Market, command: ExecuteRun, seq: int, at_us: int) -> int:
    """Settle a run; how many debts it left. Old debts are paid from what came in."""
    run, dues = market.dues.run(command.run), market.dues
    run.state, run.ended_seq = RUN.after(run.state, RunEvent.EXECUTE), seq
    run.executed_by = command.by
    taken = _of(market, run)
    before = sorted(dues.fails)
    short = _pay(market, run, seq)
    failed = _failing(taken, short)
    for owed in taken:
        trade = owed.trade
        shares = market.shares.of.get(trade.number)
        if shares is not None:
            shares.net(owed.value - trade.fee)
            market.shares.note(shares)
        dues.owe(trade.buyer, run.currency, -owed.uncovered)
        if owed.number not in failed:
            _settle(market, owed)
    for member, amount in sorted(short.items()):
        _fail(market, run, member, amount, failed, seq, at_us)
    dues.note_run(run)
    for number in before:
        fail = dues.fails[number]
        costs = fail.amount + _penalty(market, fail, at_us)
        free = market.ledger.balance(fail.member, fail.currency)
        if fail.currency == run.currency and free >= costs:
            _cure(market, fail, seq, at_us)
    return len(short)


def _pay(market: Market, run: Run, seq: int) -> dict[int, int]:
    """Move the nets of a run; what the reserve advanced, by member."""
    number, currency, subject = market.ledger.number, run.currency, run.number
    pool = number(HOUSE, currency, CLEARING)
    moves, short = [], {}

    def move(owner: int, pocket: Pocket, target: int, amount: int, reason: str) -> None:
        if amount:
            source = number(owner, currency, pocket)
            moves.append(Transfer(source, target, amount, reason, subject))

    for line in run.lines:
        member, free = line.member, number(line.member, currency, FREE)
        owes = max(0, -line.net)
        covered = min(owes, line.cover)
        move(member, ESCROW, pool, covered, "netting")
        move(member, ESCROW, free, line.cover - covered, "cover_back")
        rest = owes - covered
        own = min(rest, market.ledger.balance(member, currency))
        move(member, FREE, pool, own, "netting")
        if rest > own:
            short[member] = rest - own
            move(HOUSE, RESERVE, pool, rest - own, "advance")
    for line in run.lines:
        target = number(line.member, currency, FREE)
        move(HOUSE, CLEARING, target, max(0, line.net), "netting")
    income = number(HOUSE, currency, FREE)
    fees = sum(line.fee for line in run.lines)
    move(HOUSE, CLEARING, income, fees, "netting_fee")
    market.ledger.post(seq, moves)
    return short


def _failing(taken: list[Obligation], short: dict[int, int]) -> dict[int, int]:
    """Return the trades that debts stand for: of each debtor the latest, whole ones."""
    failed, left = {}, dict(short)
    for owed in reversed(taken):
        buyer = owed.trade.buyer
        if left.get(buyer, 0) > 0:
            left[buyer] -= owed.value
            failed[owed.number] = buyer
    return failed


def _settle(market: Market, owed: Obligation) -> None:
    """Settle an obligation: the right is in force from now on."""
    owed.state = OBLIGATION.after(owed.state, ObligationEvent.SETTLE)
    _end(market, owed, TradeEvent.SETTLE)
    right = market.rights.live.get(owed.right)
    if right is not None:
        market.rights.let_go(right, Hold.DUE)


def _end(market: Market, owed: Obligation, event: TradeEvent) -> None:
    """Bring the trade of an obligation to its end."""
    market.dues.trades_changed[owed.number] = TRADE.after(TradeState.DUE, event).value
    market.dues.note(owed)


def _fail(
    market: Market,
    run: Run,
    member: int,
    amount: int,
    failed: dict[int, int],
    seq: int,
    at_us: int,
) -> None:
    """Note what the reserve advanced for a member as its debt."""
    dues = market.dues
    fail = Fail(
        dues.last_fail + 1, seq, at_us, run.number, member, run.currency, amount,
        _cause(market, member, run.currency),
    )  # fmt: skip
    dues.note_fail(fail)
    dues.owe(member, run.currency, amount)
    for number in [trade for trade, buyer in failed.items() if buyer == member]:
        owed = dues.live[number]
        owed.state = OBLIGATION.after(owed.state, ObligationEvent.FAIL)
        owed.fail = fail.number
        dues.note(owed)


def _cause(market: Market, member: int, currency: int) -> str:
    """Tell why a member lacked money, as far as the exchange can see."""
    if member not in market.verified:
        return "suspended"
    waiting = market.payins.waiting.values()
    if any(p.member == member and p.currency == currency for p in waiting):
        return "pending"
    return "no_money"


def _penalty(market: Market, fail: Fail, at_us: int) -> int:
    """Return what a debt costs by now: nothing on the day of its run."""
    days = day_of(at_us) - day_of(fail.at_us)
    return (
        penalty(fail.amount, days - 1, market.dues.steps(fail.currency)) if days else 0
    )


@handles(PayDebt)
def pay(market: Market, command: PayDebt, seq: int, at_us: int) -> int:
    """Pay a debt with its penalty; both together. InsufficientBalance else."""
    fail = market.dues.fail(command.fail, command.member)
    costs = fail.amount + _penalty(market, fail, at_us)
    market.ledger.require(fail.member, fail.currency, costs)
    _cure(market, fail, seq, at_us)
    return costs


def _cure(market: Market, fail: Fail, seq: int, at_us: int) -> None:
    """Let a debtor pay: the reserve has its money back, the rights are in force."""
    fail.penalty = _penalty(market, fail, at_us)
    purse = market.ledger.number(fail.member, fail.currency, FREE)
    kept = market.ledger.number(HOUSE, fail.currency, RESERVE)
    moves = [Transfer(purse, kept, fail.amount, "debt", fail.number)]
    if fail.penalty:
        moves.append(Transfer(purse, kept, fail.penalty, "penalty", fail.number))
    market.ledger.post(seq, moves)
    market.dues.owe(fail.member, fail.currency, -fail.amount)
    for owed in _behind(market, fail):
        _settle(market, owed)
    _close(market, fail, "cured", seq)


def _behind(market: Market, fail: Fail) -> list[Obligation]:
    """Return the obligations that a debt stands for."""
    live = sorted(market.dues.live.items())
    return [owed for _, owed in live if owed.fail == fail.number]


def _close(market: Market, fail: Fail, state: str, seq: int) -> None:
    fail.state, fail.ended_seq = state, seq
    market.dues.note_fail(fail)


@proposable(WriteOff)
def check_default(market: Market, step: WriteOff) -> None:
    """Refuse to write off what is no open debt."""
    if not isinstance(step.fail, int):
        raise WrongOrder("fail")
    market.dues.fail(step.fail)


@handles(WriteOff)
def write_off(market: Market, command: WriteOff, seq: int, _at_us: int) -> int:
    """Unwind what a debtor did not pay, and end its credit; what the reserve lost."""
    check_default(market, command)
    fail = market.dues.fail(command.fail)
    for owed in _behind(market, fail):
        right = market.rights.live.get(owed.right)
        if right is not None:
            rights.end(market, right, EntitlementEvent.REVOKE, seq)
        owed.state = OBLIGATION.after(owed.state, ObligationEvent.WRITE_OFF)
        _end(market, owed, TradeEvent.FAIL)
        market.escrows.not_whole.add(owed.number)
    key = fail.member, fail.currency
    market.dues.credit[key] = 0
    market.dues.credit_changed[key] = seq
    market.dues.owe(*key, -fail.amount)
    _close(market, fail, "written_off", seq)
    return fail.amount
