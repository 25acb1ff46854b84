"""Where a member's payouts go: one account at a time, and a change takes its time.

Whoever steals a session must not be able to send the money elsewhere (attack 27): the
password is asked for again, the member is told where it already looks, and a new
account counts only after the delay. Until then payouts go to the old one, and it can
be stopped.
"""

import unicodedata
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from listings.marking import N_
from marketplace.community.notices import notify
from marketplace.payments.tables import payout_accounts
from marketplace.trading.cashing import RequestPayout
from marketplace.trading.commands import Command
from settlement import clock
from settlement.errors import Invalid, Refusal

DELAY_US = 48 * clock.HOUR_US  # until a changed account counts
HOLDER_MAX, NUMBER_MAX, BANK_MAX = 140, 34, 140  # as in payout files
TOLD = "payout_account"  # the kind of notice
_ODD = ("Cc", "Cs", "Co", "Cn")


class NotThePayoutAccount(Refusal):
    """Payouts go to the member's payout account only; change that first."""


def text_of(row: Row[Any]) -> str:
    """Return an account as the destination of a payout."""
    return f"{row.number} · {row.holder} · {row.bank}"


def current(db: Connection, member: int) -> Row[Any] | None:
    """Return the account that counts now, or None if there never was one."""
    a = payout_accounts.c
    query = select(payout_accounts).where(
        a.member == member, a.stopped_us.is_(None), a.usable_us <= clock.now_us()
    )
    return db.execute(query.order_by(a.id.desc()).limit(1)).first()


def pending(db: Connection, member: int) -> Row[Any] | None:
    """Return the account that will count after its delay, or None."""
    a = payout_accounts.c
    query = select(payout_accounts).where(
        a.member == member, a.stopped_us.is_(None), a.usable_us > clock.now_us()
    )
    return db.execute(query.order_by(a.id.desc()).limit(1)).first()


def change(
    db: Connection, member: int, by: int, holder: str, number: str, bank: str
) -> int:
    """Set the account; when it counts. The first counts at once, a change later.

    Another change that waits is stopped. Invalid names the fields that cannot be.
    """
    given = {"holder": holder.strip(), "number": number.strip(), "bank": bank.strip()}
    most = {"holder": HOLDER_MAX, "number": NUMBER_MAX, "bank": BANK_MAX}
    problems = {
        name: [N_("Use printable characters, not too many.")]
        for name, text in given.items()
        if not text
        or len(text) > most[name]
        or any(unicodedata.category(letter) in _ODD for letter in text)
    }
    if problems:
        raise Invalid(problems)
    at_us = clock.now_us()
    first = current(db, member) is None and pending(db, member) is None
    usable_us = at_us if first else at_us + DELAY_US
    stop(db, member)
    number_ = db.execute(
        insert(payout_accounts)
        .values(
            member=member, set_us=at_us, usable_us=usable_us, by_user=by, **given
        )
        .returning(payout_accounts.c.id)
    ).scalar_one()  # fmt: skip
    facts = {"number": f"…{given['number'][-4:]}", "href": "/cash"}
    notify(db, [member], TOLD, f"payout account {number_}", facts=facts)
    return usable_us


def stop(db: Connection, member: int) -> int:
    """Stop a change that waits; how many did."""
    a, at_us = payout_accounts.c, clock.now_us()
    which = (a.member == member) & a.stopped_us.is_(None) & (a.usable_us > at_us)
    return int(
        db.execute(
            update(payout_accounts).where(which).values(stopped_us=at_us)
        ).rowcount
    )


def check(reads: Engine, command: Command) -> None:
    """Refuse a payout to anything but the member's account, once it has one."""
    if not isinstance(command, RequestPayout):
        return
    with reads.connect() as db:
        account = current(db, command.member)
    if account is not None and command.destination != text_of(account):
        raise NotThePayoutAccount
