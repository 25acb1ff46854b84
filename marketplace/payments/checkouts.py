"""Paying in by card on the provider's page: asked for, resumed, ended.

The row is there before the call, and the call's key is the pay-in's id: however often
it is repeated, by the member or after a crash, there is one page and one charge (F5).
"""

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from marketplace.payments.tables import checkouts
from marketplace.trading.carding import EndCard
from marketplace.trading.gateway import Gateway
from settlement import clock
from settlement.errors import IllegalMove, NotFound
from settlement.ids import encode
from settlement.money import BY_ASSET
from settlement.payments.provider import Asked, Provider, ProviderRefused
from settlement.payments.tables import cards
from settlement.tables import payins

OPEN_US = 23 * clock.HOUR_US  # a page's life; providers forget keys after a day
RETRIED_MAX = 50  # pages asked for again in one step
BEGUN_US = 10 * clock.MINUTE_US  # between a pay-in and its checkout, at the most
PROVIDER_ACTS = 0  # no user: the provider's own word


def note(db: Connection, payin: int, title: str, back_url: str) -> None:
    """Put on record that a page for *payin* is wanted, once."""
    at_us = clock.now_us()
    known = db.scalar(select(checkouts.c.payin).where(checkouts.c.payin == payin))
    if known is None:
        db.execute(
            insert(checkouts).values(
                payin=payin,
                asked_us=at_us,
                until_us=at_us + OPEN_US,
                back_url=back_url,
                title=title,
                state="asked",
            )
        )


def begin(writes: Engine, provider: Provider, payin: int) -> str:
    """Return the address of the provider's page; ProviderDown leaves it asked for.

    ProviderRefused if there is none and will be none: see `give_up`.
    """
    with writes.connect() as db:
        row = find(db, payin)
    if row is None:
        raise NotFound("payin", encode("payin", payin))
    if row.url is not None:
        return str(row.url)
    if row.state == "closed" or row.until_us <= clock.now_us():
        raise ProviderRefused
    begun = provider.begin(
        Asked(
            encode("payin", payin),
            BY_ASSET[row.currency].code,
            row.amount,
            row.title,
            row.back_url,
            row.until_us // clock.SECOND_US,
        )
    )
    with writes.begin() as db:
        db.execute(
            update(checkouts)
            .where(checkouts.c.payin == payin, checkouts.c.state == "asked")
            .values(session=begun.session, url=begun.url, state="open")
        )
    return begun.url


def find(db: Connection, payin: int) -> Row[Any] | None:
    """Return the checkout of a pay-in with its amount, or None."""
    query = select(checkouts, payins.c.currency, payins.c.amount).join(
        payins, payins.c.id == checkouts.c.payin
    )
    return db.execute(query.where(checkouts.c.payin == payin)).first()


def unanswered(db: Connection) -> list[int]:
    """Return the pay-ins whose page was asked for and did not come, oldest first."""
    waits = (checkouts.c.state == "asked") & (checkouts.c.until_us > clock.now_us())
    query = select(checkouts.c.payin).where(waits).order_by(checkouts.c.payin)
    return list(db.execute(query.limit(RETRIED_MAX)).scalars())


def overdue(db: Connection) -> list[Row[Any]]:
    """Return the checkouts whose time is over and that are not closed."""
    late = checkouts.c.until_us < clock.now_us()
    query = select(checkouts).where(checkouts.c.state != "closed", late)
    return list(db.execute(query.order_by(checkouts.c.payin).limit(RETRIED_MAX)))


def close(db: Connection, payin: int) -> None:
    """Note that a checkout needs no more attention."""
    which = checkouts.c.payin == payin
    db.execute(update(checkouts).where(which).values(state="closed"))


def note_missing(db: Connection) -> int:
    """Note the checkouts of pay-ins whose beginning was cut short; how many.

    Their time is over: nobody was ever shown a page, and nobody will be.
    """
    missing = (
        select(payins.c.id, payins.c.at_us)
        .join(cards, cards.c.payin == payins.c.id)
        .outerjoin(checkouts, checkouts.c.payin == payins.c.id)
        .where(
            payins.c.state == "created",
            payins.c.at_us < clock.now_us() - BEGUN_US,
            checkouts.c.payin.is_(None),
        )
    )
    rows = [
        {"payin": payin, "asked_us": at_us, "until_us": at_us, "back_url": "",
         "title": "", "state": "asked"}
        for payin, at_us in db.execute(missing.limit(RETRIED_MAX))
    ]  # fmt: skip
    if rows:
        db.execute(insert(checkouts), rows)
    return len(rows)


def give_up(writes: Engine, gateway: Gateway, payin: int) -> None:
    """End a pay-in that no money will come of, then its checkout.

    In this order: interrupted, it is ended again under the same key.
    """
    with suppress(NotFound, IllegalMove):  # it had ended, or money did come
        gateway.submit(EndCard(PROVIDER_ACTS, payin), f"end-{payin}")
    with writes.begin() as db:
        close(db, payin)
