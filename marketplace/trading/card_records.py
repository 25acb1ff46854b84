"""Between the pay-ins by card in memory and their tables: drain and write, load."""

from sqlalchemy import Connection, func, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement import tables as s
from settlement.ledger import Pocket
from settlement.money import INSTRUMENT_MIN
from settlement.payments import tables as p
from settlement.payments.cards import GENERAL, Card, Withheld
from settlement.payments.payins import Payin, PayinState
from settlement.script import Script

FIRST_OF_CARD = 1  # the column after the pay-in's number


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows that are new or changed, and forget them."""
    cards = market.cards
    rows: dict[str, Rows] = {
        "cards": [card.row() for card in cards.changed.values()],
        "provider_lines": list(cards.lines_new),
        "corrections": [tuple(made) for made in market.corrections.new],
        "withheld": [tuple(kept) for kept in cards.withheld_changed],
    }
    cards.changed.clear()
    cards.lines_new.clear()
    cards.withheld_changed.clear()
    market.corrections.new.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed."""
    script.upsert(p.cards, effects.cards)
    script.insert(p.provider_lines, effects.provider_lines)
    script.insert(p.mendings, effects.corrections)
    latest = {row[0]: row for row in effects.withheld}
    script.upsert(p.withheld, list(latest.values()))


def load(db: Connection, market: Market) -> None:
    """Take over from the records what the provider may still say something of."""
    cards, lines = market.cards, p.provider_lines.c
    failed = s.payins.c.state == str(PayinState.FAILED)
    query = (
        select(s.payins, *p.cards.c)
        .join(p.cards, p.cards.c.payin == s.payins.c.id)
        .where(~failed)
        .order_by(s.payins.c.id)
    )
    for row in db.execute(query):
        values = tuple(row)
        facts = values[len(s.payins.c) + FIRST_OF_CARD :]
        payin = market.payins.waiting.get(row.id) or Payin(*values[: len(s.payins.c)])
        cards.put(Card(payin, *facts))
    for number, line, kind in db.execute(select(lines.payin, lines.line, lines.kind)):
        (cards.general if kind in GENERAL else cards.live[number].lines).add(line)
    reached = select(s.arrivals.c.subject, s.arrivals.c.state).where(
        s.arrivals.c.kind == "payin"
    )
    for number, state in db.execute(reached):
        if number in cards.live:
            cards.live[number].reached.add(state)
    cards.last = int(db.scalar(select(func.coalesce(func.max(lines.id), 0))) or 0)
    mended = select(func.coalesce(func.max(p.mendings.c.id), 0))
    market.corrections.last = int(db.scalar(mended) or 0)
    waits = select(p.withheld).where(p.withheld.c.ended_seq.is_(None))
    cards.withheld = {row.entitlement: Withheld(*row) for row in db.execute(waits)}
    owing = select(s.accounts.c.owner, s.accounts.c.asset).where(
        s.accounts.c.asset < INSTRUMENT_MIN,
        s.accounts.c.pocket == int(Pocket.OPEN),
        s.accounts.c.owner > 0,
        s.accounts.c.balance < 0,
    )
    market.owing = {(owner, asset) for owner, asset in db.execute(owing)}
