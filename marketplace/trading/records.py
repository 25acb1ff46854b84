"""Between the market in memory and the tables: drain and write, load and compare."""

import heapq
import json
from typing import Any

from sqlalchemy import Connection, Row, select

from marketplace.trading import (
    agreement_records,
    bust_records,
    card_records,
    closing_records,
    consents,
    contest_records,
    due_records,
    erasure_records,
    escrow_records,
    exclusivity,
    filing_records,
    invoice_records,
    mandate_records,
    pool_records,
    restoring,
    share_records,
    tender_records,
    timetable,
    usage_records,
)
from marketplace.trading import tables as t
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.auction import Call
from marketplace.trading.book import Book
from marketplace.trading.effects import Effects
from marketplace.trading.market import Market
from marketplace.trading.offers import Offer, OfferState
from marketplace.trading.orders import Order, OrderState, Side, TimeInForce
from marketplace.trading.scope import Scope
from marketplace.trading.stops import Stop
from marketplace.trading.timetable import Phase
from marketplace.trading.venue import BookState, Terms, Venue, kind_of
from settlement import tables as s
from settlement.canonical import canonical
from settlement.entitlements import Entitlement, EntitlementState
from settlement.fees import FeeSchedule, rules_of
from settlement.ledger import HOUSE, Account, Ledger, Pocket, Transfer
from settlement.money import INSTRUMENT_MIN
from settlement.script import Script

OPEN = Pocket.OPEN
DESKS = (
    agreement_records, pool_records, invoice_records, mandate_records,
    bust_records, contest_records, tender_records, filing_records, escrow_records,
    card_records, usage_records, share_records, due_records, closing_records,
    erasure_records,
)  # fmt: skip
DELIVERY, OF_TRADES = "delivery", frozenset(("payment", "fee"))
LIVE_ORDER = (str(OrderState.OPEN), str(OrderState.PARTIAL))
LIVE_RIGHT = (str(EntitlementState.ACTIVE), str(EntitlementState.SUSPENDED))


def drain(market: Market) -> Effects:
    """Return what changed since the last drain, as rows, and forget it."""
    ledger, rights = market.ledger, market.rights
    new_orders = {order.id for order, *_ in market.orders_new}
    new_rights = {right.number for right in rights.granted}
    effects = Effects(
        orders=[_order_row(market, *new) for new in market.orders_new],
        orders_changed=[
            (o.id, o.quantity, o.remaining, str(o.state), reason and str(reason))
            for o, reason in market.orders_changed.values()
            if o.id not in new_orders
        ],
        trades=_trade_rows(market),
        contracts=list(market.contracts_new),
        terms=list(market.terms_new),
        entitlements=[right.row() for right in rights.granted],
        entitlements_changed=[
            (
                right.number,
                right.quantity,
                right.deliveries,
                right.deliveries_max,
                str(right.state),
                int(right.holds),
            )
            for right in rights.changed.values()
            if right.number not in new_rights
        ],
        measures=list(market.measures_new),
        transfers=[_transfer_row(ledger, *posted) for posted in ledger.posted],
        accounts=[
            (number, *ledger.accounts[number], ledger.balances[number])
            for number in sorted(ledger.touched)
        ],
        receipts=list(market.receipts_new),
        payins=[payin.row() for payin in market.payins.opened],
        payins_changed=[
            (p.number, p.confirmed_by, p.approved_by, str(p.state))
            for p in market.payins.changed.values()
        ],
        payouts=[payout.row() for payout in market.payouts.opened],
        payouts_changed=[
            (p.number, p.approved_by, p.paid_by, str(p.state))
            for p in market.payouts.changed.values()
        ],
        arrivals=[*market.payins.arrivals, *market.payouts.arrivals],
        fee_schedules=[
            (fees.version, seq, fees.trade_bps, canonical(fees.rules))
            for fees, seq in market.fees_new
        ],
        books=[venue.row() for venue in market.venues_changed.values()],
        standings=[(m, int(v)) for m, v in market.standings_changed.items()],
        phases=[venue.phase_row() for venue in market.phases_changed.values()],
        auctions=list(market.auctions_new),
        stops=[tuple(stop) for stop in market.stops_changed.values()],
        limits=list(market.limits_new),
        proposals=[tuple(made) for made in market.proposals_changed.values()],
        offers=[offer.row() for offer in market.offers.opened],
        offers_changed=[
            (offer.number, str(offer.state), offer.trade)
            for offer in market.offers.changed.values()
        ],
        kept_prices=[kept.row() for kept in market.kept.changed.values()],
        **{name: rows for d in DESKS for name, rows in d.drain(market).items()},
    )
    _forget(market)
    return effects


def _order_row(
    market: Market, order: Order, seq: int, at_us: int, by: int, reason: Any
) -> tuple[object, ...]:
    changed = market.orders_changed.get(order.id)
    reason = (changed and changed[1]) or reason
    return (
        order.id, seq, at_us, order.member, by, order.instrument, str(order.side),
        order.price, order.quantity, order.remaining, str(order.time_in_force),
        order.expires_us, int(order.evergreen), order.purpose or "", str(order.state),
        reason and str(reason),
    )  # fmt: skip


def _trade_rows(market: Market) -> list[tuple[object, ...]]:
    """Return the trades, each with the number of the transfer that delivers."""
    delivered = {
        transfer.subject: number
        for number, _, transfer in market.ledger.posted
        if transfer.reason == DELIVERY
    }
    return [(*trade, delivered[trade.number]) for trade in market.trades_new]


def _transfer_row(
    ledger: Ledger, number: int, seq: int, transfer: Transfer
) -> tuple[object, ...]:
    """Return a transfer's row, with the parties whose money it moves.

    The world outside (the house's open pocket) is no party, nor is who moves money
    between pockets its own payee. Of what settles a trade only the house is
    named: members find it by the trade.
    """
    debit, credit, amount, reason, subject = transfer
    payer: int | None
    payee: int | None
    payer, asset, out_of = ledger.accounts[debit]
    payee, _, into = ledger.accounts[credit]
    if asset >= INSTRUMENT_MIN:
        payer = payee = None
    elif reason in OF_TRADES:
        payer, payee = None, HOUSE if payee == HOUSE else None
    else:
        if payee == payer or into == OPEN:
            payee = None
        if out_of == OPEN:
            payer = None
    return (number, seq, debit, credit, amount, reason, subject, payer, payee)


def _forget(market: Market) -> None:
    """Empty everything that `drain` has read."""
    market.ledger.touched.clear()
    for collected in (
        market.orders_new, market.trades_new, market.contracts_new, market.terms_new,
        market.receipts_new, market.measures_new, market.fees_new, market.auctions_new,
        market.limits_new, market.ledger.posted, market.rights.granted,
    ):  # fmt: skip
        collected.clear()
    for changed in (
        market.orders_changed, market.venues_changed, market.standings_changed,
        market.phases_changed, market.stops_changed, market.proposals_changed,
        market.kept.changed,
        market.rights.changed,
    ):  # fmt: skip
        changed.clear()
    for told in (market.offers, market.contests):
        told.opened.clear()
        told.changed.clear()
    market.escrows.changed.clear()
    market.workdays.changed.clear()
    market.disputes.changed.clear()
    market.refunds.new.clear()
    share_records.forget(market)
    market.contests.bids.clear()
    market.contests.bidders.clear()
    for desk in (market.payins, market.payouts):
        desk.opened.clear()
        desk.changed.clear()
        desk.arrivals.clear()


def write(db: Connection, effects: Effects) -> None:
    """Write what a batch changed; the CHECKs of the tables judge it once more."""
    script = Script(db.dialect.name)
    put_down(script, effects)
    script.send(db)


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed."""
    script.insert(t.orders, effects.orders)
    script.update(
        t.orders,
        ("id", "quantity", "remaining", "state", "reason"),
        effects.orders_changed,
    )
    script.insert(s.trades, effects.trades)
    script.insert(s.contracts, effects.contracts)
    script.insert(s.terms, effects.terms)
    script.insert(s.entitlements, effects.entitlements)
    script.update(
        s.entitlements,
        ("id", "quantity", "deliveries", "deliveries_max", "state", "holds"),
        effects.entitlements_changed,
    )
    script.insert(s.measures, effects.measures)
    script.insert(s.transfers, effects.transfers)
    # One look into the key's index for each row, however the server would join.
    script.upsert(s.accounts, effects.accounts, ("balance",))
    script.insert(s.receipts, effects.receipts)
    script.insert(s.payins, effects.payins)
    script.update(
        s.payins,
        ("id", "confirmed_by", "approved_by", "state"),
        effects.payins_changed,
    )
    script.insert(s.payouts, effects.payouts)
    script.update(
        s.payouts,
        ("id", "approved_by", "paid_by", "state"),
        effects.payouts_changed,
    )
    script.insert(s.arrivals, effects.arrivals)
    script.insert(s.fee_schedules, effects.fee_schedules)
    script.upsert(t.books, effects.books)
    script.upsert(t.standings, effects.standings)
    script.upsert(t.phases, effects.phases)
    script.insert(t.auctions, effects.auctions)
    script.upsert(t.stops, effects.stops)
    script.insert(t.limits, effects.limits)
    script.upsert(t.proposals, effects.proposals)
    script.insert(t.offers, effects.offers)
    script.update(t.offers, ("id", "state", "trade"), effects.offers_changed)
    script.upsert(t.kept_prices, effects.kept_prices)
    for desk in DESKS:
        desk.put_down(script, effects)


def load(db: Connection) -> Market:
    """Return the market as the tables have it."""
    market = Market()
    _load_ledger(db, market)
    _load_venues(db, market)
    _load_orders(db, market)
    for desk in DESKS:
        desk.load(db, market)
    _load_phases(db, market)
    _load_rights(db, market)
    restoring.load_payments(db, market)
    _load_offers(db, market)
    market.contests.last = restoring.last(db, t.contests.c.id)
    market.contests.last_bid = restoring.last(db, t.contest_bids.c.id)
    stopped = select(t.stops).where(t.stops.c.ended_seq.is_(None))
    market.stops = {(r.member, r.scope): Stop(*r) for r in db.execute(stopped)}
    restoring.load_kept(db, market)
    restoring.load_limits(db, market)
    restoring.load_proposals(db, market)
    restoring.load_activity(db, market)
    verified = select(t.standings.c.member).where(t.standings.c.verified == 1)
    market.verified = set(db.execute(verified).scalars())
    market.last_trade = restoring.last(db, s.trades.c.id)
    market.last_receipt = restoring.last(db, s.receipts.c.id)
    return market


def _load_ledger(db: Connection, market: Market) -> None:
    rows = db.execute(select(s.accounts).order_by(s.accounts.c.id)).all()
    market.ledger.restore(
        ((Account(row.owner, row.asset, row.pocket), row.balance) for row in rows),
        restoring.last(db, s.transfers.c.id),
    )
    for row in db.execute(select(s.fee_schedules).order_by(s.fee_schedules.c.version)):
        rules = rules_of(json.loads(row.rules))
        market.fees = FeeSchedule(row.version, row.trade_bps, rules)
        market.schedules[row.version] = market.fees
        market.fees_new.clear()


def _load_venues(db: Connection, market: Market) -> None:
    kinds: dict[int, str] = {}  # by terms
    for row in db.execute(select(s.terms).order_by(s.terms.c.id)):
        market.terms[row.sha256] = Terms(row.id, row.sha256, row.body)
        market.bodies.append(row.body)
        kinds[row.id] = kind_of(row.body)
    for row in db.execute(select(t.books)):
        market.venues[row.instrument] = Venue(
            row.instrument, row.symbol, row.vendor, row.currency, row.tick, row.lot,
            row.terms, tuple(row.purposes.split()), row.term_us, row.deliveries_max,
            bool(row.transferable), BookState(row.state), Book(), row.price_max,
            row.trial_of,
            _members(row.audience), bool(row.hidden),
            Scope(
                row.product, bool(row.exclusive), row.field, row.territory
            ),
            Acceptance(row.acceptance_days, row.delivery_days),
            consents.restored(row.consents),
            kinds.get(row.terms, ""),
        )  # fmt: skip
        market.symbols[row.symbol] = row.instrument
        exclusivity.note(market, market.venues[row.instrument])
        if row.trial_of is not None:
            market.trials[row.trial_of] = row.instrument


def _members(audience: str | None) -> frozenset[int] | None:
    return None if audience is None else frozenset(map(int, audience.split()))


def _load_orders(db: Connection, market: Market) -> None:
    market.last_order = restoring.last(db, t.orders.c.id)
    live = select(t.orders).where(t.orders.c.state.in_(LIVE_ORDER))
    for row in db.execute(live.order_by(t.orders.c.id)):
        order = _order(row)
        market.venues[order.instrument].book.rest(order)
        market.keep(order)


def _load_phases(db: Connection, market: Market) -> None:
    """Open the calls that collect, and wind the timetables; the orders are there."""
    restoring.load_prices(db, market)
    for row in db.execute(select(t.phases)):
        venue = market.venues[row.instrument]
        venue.closed = row.phase == str(Phase.CLOSED)
        if row.phase == str(Phase.CALL):
            band = row.floor, row.ceiling
            venue.call = Call(venue.book, row.reference, venue.tick, *band)
        if row.timetable is not None:
            venue.timetable = timetable.decode(json.loads(row.timetable))
        if row.due_us is not None:
            venue.due_us = row.due_us
            heapq.heappush(market.alarms, (row.due_us, venue.instrument))


def _order(row: Row[Any]) -> Order:
    return Order(
        row.id, row.member, row.instrument, Side(row.side), row.price, row.quantity,
        time_in_force=TimeInForce(row.time_in_force), expires_us=row.expires_us,
        evergreen=bool(row.evergreen), purpose=row.purpose,
        state=OrderState(row.state), remaining=row.remaining, placed_seq=row.seq,
    )  # fmt: skip


def _load_rights(db: Connection, market: Market) -> None:
    live = select(s.entitlements).where(s.entitlements.c.state.in_(LIVE_RIGHT))
    for row in db.execute(live.order_by(s.entitlements.c.id)):
        right = Entitlement(*row)
        right.state = EntitlementState(row.state)
        market.rights.restore(right)
    market.rights.last = restoring.last(db, s.entitlements.c.id)
    e = s.entitlements
    tried = select(e.c.holder, e.c.instrument).where(
        e.c.instrument.in_(market.trials.values())
    )
    market.tried = {(row.holder, row.instrument) for row in db.execute(tried)}


def _load_offers(db: Connection, market: Market) -> None:
    live = select(t.offers).where(t.offers.c.state == str(OfferState.OPEN))
    for row in db.execute(live.order_by(t.offers.c.id)):
        offer = Offer(*row)
        offer.state = OfferState(row.state)
        market.offers.restore(offer)
    market.offers.last = restoring.last(db, t.offers.c.id)
