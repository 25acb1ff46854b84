"""Metered use carried out: budgets set, calls counted and paid, use declared."""

from listings import plans
from listings.plans import UNITS_MAX, charge, counted
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import VALUE_MAX
from marketplace.trading.rights import note_delivered
from marketplace.trading.splitting import stakes
from marketplace.trading.texts import UNSTORABLE, fits
from marketplace.trading.timetable import DAY_US
from marketplace.trading.usage import (
    DECLARED_US,
    GRACE_US,
    LINES_MAX,
    METER_MAX,
    STATEMENT_MAX,
    NotMetered,
    Period,
    Tab,
    TooLateToDeclare,
    charged,
)
from marketplace.trading.using import CountUse, DeclareUse, SetBudget
from marketplace.trading.venue import WrongOrder
from settlement.entitlements import Entitlement
from settlement.errors import InsufficientBalance, NotFound
from settlement.fees import GENERAL
from settlement.ids import encode
from settlement.ledger import HOUSE, Pocket, Transfer
from settlement.money import BY_ASSET
from settlement.sharing import Shares

FREE, HELD = Pocket.FREE, Pocket.HELD


@handles(SetBudget)
def set_budget(market: Market, command: SetBudget, seq: int, at_us: int) -> int:
    """Reserve what may still be spent on a right's use; what is reserved now.

    What earlier use came to beyond what was set aside is paid first, or nothing is.
    """
    if not 0 <= command.amount <= VALUE_MAX:
        raise WrongOrder("amount")
    tab = _own(market, command.member, command.entitlement)
    if command.amount:
        market.rights.get(tab.number)
        if charged(market.bodies[tab.terms - 1])[1] is None:
            raise NotMetered(encode("entitlement", tab.number))
    unpaid = market.usage.arrears(tab) if command.amount else []
    owed = sum(period.due - period.amount for period in unpaid)
    more = command.amount - tab.held
    if owed or more > 0:
        market.ledger.require(tab.holder, tab.currency, owed + max(0, more))
    if owed:
        _move(market, tab, seq, owed, FREE, HELD, "budget")
        tab.held += owed
        for period in unpaid:
            rest = period.due - period.amount
            _charge(market, tab, period, plans.Usage(), 0, 0, rest, seq, at_us)
    if more > 0:
        _move(market, tab, seq, more, FREE, HELD, "budget")
        tab.held += more
    tab.allowed = command.amount
    tab.due_us = at_us + GRACE_US if more < 0 else None
    market.usage.note(tab)
    return tab.held


def come_due(market: Market, tab: Tab, seq: int) -> None:
    """Give back what is reserved beyond what may be spent."""
    rest = tab.held - tab.allowed
    if rest:
        _move(market, tab, seq, rest, HELD, FREE, "budget_back")
        tab.held = tab.allowed
    tab.due_us = None
    market.usage.note(tab)


def claw_back(
    market: Market, member: int, currency: int, amount: int, seq: int
) -> None:
    """Free up to *amount* of what a member set aside for use, oldest rights first."""
    for _, tab in sorted(market.usage.tabs.items()):
        part = min(amount, tab.held)
        if not part or (tab.holder, tab.currency) != (member, currency):
            continue
        _move(market, tab, seq, part, HELD, FREE, "budget_back")
        tab.held -= part
        tab.allowed = min(tab.allowed, tab.held)
        market.usage.note(tab)
        amount -= part


@handles(CountUse)
def count(market: Market, command: CountUse, seq: int, at_us: int) -> int:
    """Count what a meter noted, and pay it; how many lines were of known rights."""
    _check_count(command)
    market.usage.advance(command.meter, command.start, command.end)
    known = 0
    for entitlement, period, *numbers in command.lines:
        right = market.rights.live.get(entitlement)
        tab = market.usage.tabs.get(entitlement)
        if tab is None and right is None:
            continue  # it ended before its first call was counted
        tab = tab or _open(market, right)
        use = plans.Usage(*numbers)
        mode, _ = charged(market.bodies[tab.terms - 1])
        _use(market, tab, period, use, counted(mode, use), seq, at_us, command.meter)
        known += 1
    return known


def _check_count(command: CountUse) -> None:
    if not 0 < len(command.meter) <= METER_MAX or UNSTORABLE.search(command.meter):
        raise WrongOrder("meter")
    if not 0 <= command.start < command.end or len(command.lines) > LINES_MAX:
        raise WrongOrder("lines")
    for line in command.lines:
        if not all(0 <= number <= UNITS_MAX for number in line):
            raise WrongOrder("lines")


@handles(DeclareUse)
def declare(market: Market, command: DeclareUse, seq: int, at_us: int) -> int:
    """Charge what a member declares beyond what was metered; the units added.

    The period must have begun, and be over for at most DECLARED_US (features N11).
    """
    text = command.statement
    if not text.strip() or not fits(text, STATEMENT_MAX):
        raise WrongOrder("statement")
    tab = _own(market, command.member, command.entitlement)
    mode, plan = charged(market.bodies[tab.terms - 1])
    if plan is None:
        raise NotMetered(encode("entitlement", tab.number))
    length_us = plan.period_days * DAY_US
    begins_us = tab.from_us + command.period * length_us
    if command.period < 0 or not begins_us <= at_us < (
        begins_us + length_us + DECLARED_US
    ):
        raise TooLateToDeclare(command.period)
    known = market.usage.periods.get((tab.number, command.period))
    extra = command.units - (known.units if known else 0)
    if not extra > 0 or command.units > UNITS_MAX:
        raise WrongOrder("units")
    due = _due(plan, known.units if known else 0, extra)
    if due > tab.held:
        code = BY_ASSET[tab.currency].code
        raise InsufficientBalance(code, needed=due, available=tab.held)
    use = plans.Usage(
        calls=extra if mode == "per_call" else 0,
        hits=extra if mode == "per_hit" else 0,
        records=extra if mode == "per_record" else 0,
    )
    _use(market, tab, command.period, use, extra, seq, at_us, "", text)
    return extra


def _own(market: Market, member: int, entitlement: int) -> Tab:
    """Return the tab of a member's right, opened if need be; NotFound if not theirs."""
    right = market.rights.live.get(entitlement)
    tab = market.usage.tabs.get(entitlement)
    holder = tab.holder if tab else right.holder if right else None
    if holder != member:
        raise NotFound("entitlement", encode("entitlement", max(0, entitlement)))
    return tab or _open(market, right)


def _open(market: Market, right: Entitlement | None) -> Tab:
    assert right is not None
    venue = market.venue(right.instrument)
    return Tab(
        right.number, right.holder, venue.vendor, right.instrument, venue.currency,
        right.terms, right.from_us,
    )  # fmt: skip


def _due(plan: plans.Plan | None, before: int, units: int) -> int:
    """Return what *units* more of a period cost: each tier's price inside it."""
    if plan is None:
        return 0
    return charge(plan, before + units).total - charge(plan, before).total


def _use(
    market: Market,
    tab: Tab,
    number: int,
    use: plans.Usage,
    units: int,
    seq: int,
    at_us: int,
    meter: str,
    statement: str = "",
) -> None:
    """Add one use to its period, take what it costs, and leave a row of it."""
    usage, key = market.usage, (tab.number, number)
    _, plan = charged(market.bodies[tab.terms - 1])
    period = usage.periods.get(key) or _begin(market, tab, number)
    units = min(units, UNITS_MAX - period.units)
    due = _due(plan, period.units, units)
    amount = min(due, tab.held)
    _charge(market, tab, period, use, units, due, amount, seq, at_us, meter, statement)


def _charge(
    market: Market,
    tab: Tab,
    period: Period,
    use: plans.Usage,
    units: int,
    due: int,
    amount: int,
    seq: int,
    at_us: int,
    meter: str = "",
    statement: str = "",
) -> None:
    """Write down a use or the rest of one: what was due for it, and what is paid."""
    usage = market.usage
    rate = market.schedules[period.schedule].rate(period.rule)
    fee = rate.fee(period.amount + amount) - period.fee
    period.calls += use.calls
    period.hits += use.hits
    period.records += use.records
    period.units += units
    period.due += due
    period.amount += amount
    period.fee += fee
    usage.keep(period)
    usage.periods_changed[period.tab, period.number] = period
    usage.last += 1
    _pay(market, tab, period, amount, fee, seq)
    taken = _take(market, tab, units, seq)
    usage.new.append(
        (
            *(usage.last, seq, at_us, tab.number, period.number, meter),
            *(use.calls, use.hits, use.records, units, taken),
            *(due, amount, fee, statement),
        )
    )
    usage.note(tab)


def _begin(market: Market, tab: Tab, number: int) -> Period:
    """Return a new period under the fees and shares in force as it is first used."""
    fees, venue = market.fees, market.venue(tab.instrument)
    rule = GENERAL
    if fees.rules:
        rule = fees.choose(tab.currency, venue.kind, "book", tab.vendor)
    period = Period(tab.number, number, fees.version, rule)
    split = market.splits.of.get(venue.scope.product)
    if split is not None and split.parts:
        parties = stakes(market, venue.scope.product)
        shares = Shares(tab.number, tab.currency, tab.vendor, parties)
        market.usage.share(period, shares)
    return period


def _pay(
    market: Market, tab: Tab, period: Period, amount: int, fee: int, seq: int
) -> None:
    """Move what a use costs from the money set aside to the vendor and the house.

    Who shares in the period has its part in the same step, to the cent of the whole.
    """
    if not amount:
        return
    number, subject = market.ledger.number, market.usage.last
    purse = number(tab.holder, tab.currency, HELD)
    proceeds = number(tab.vendor, tab.currency, FREE)
    moves = [Transfer(purse, proceeds, amount, "use", subject)]
    if fee:
        income = number(HOUSE, tab.currency, FREE)
        moves.append(Transfer(proceeds, income, fee, "use_fee", subject))
    shares = market.usage.shares.get((period.tab, period.number))
    if shares is not None:
        total = period.amount - period.fee
        moves += shares.follow_use(market.ledger, total, subject)
        market.usage.share(period, shares)
    market.ledger.post(seq, moves)
    tab.held -= amount
    tab.allowed = max(0, tab.allowed - amount)


def _take(market: Market, tab: Tab, units: int, seq: int) -> int:
    """Count units against the right's quota; how many fitted into it."""
    right = market.rights.live.get(tab.number)
    if right is None or not units:
        return 0
    most = right.deliveries_max
    fits = units if most is None else min(units, most - right.deliveries)
    if fits > 0:
        right.deliveries += fits
        market.rights.changed[right.number] = right
        note_delivered(market, right, seq)
    return max(0, fits)


def _move(
    market: Market,
    tab: Tab,
    seq: int,
    amount: int,
    out_of: Pocket,
    into: Pocket,
    reason: str,
) -> None:
    number = market.ledger.number
    source = number(tab.holder, tab.currency, out_of)
    target = number(tab.holder, tab.currency, into)
    market.ledger.post(seq, [Transfer(source, target, amount, reason, tab.number)])
