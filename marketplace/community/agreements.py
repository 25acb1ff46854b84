"""Purposes on request: asked by a buyer, agreed to by the vendor, and ended.

The questionnaire, its answer and its time-out are those of `access`; what a consent
is worth is told to the market, which admits orders by it.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from listings import catalogue, consents
from listings.changes import touch
from marketplace.admission import tell_market
from marketplace.community import access
from marketplace.community.access import (
    INBOX,
    MINE,
    NothingToAsk,
    Questionnaire,
    RequestEvent,
)
from marketplace.community.notices import notify
from marketplace.members.users import User
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode

if TYPE_CHECKING:  # the services start a follower that needs this module
    from marketplace.services import Services


def ask(db: Connection, product: int, answers: Questionnaire, by: User) -> int:
    """Ask for the vendor's consent to a purpose on request; the request's number.

    NothingToAsk if no instrument of the product has it on request, or if the consent
    is there; AskedAlready while the vendor has yet to answer.
    """
    found = catalogue.listing(db, product, by.member)
    units = catalogue.instruments_of(db, product)
    open_to_ask = {code for unit in units for code in consents.on_request(unit)}
    given = consents.of_member(db, product, by.member)
    asks = answers.purpose in open_to_ask and answers.purpose not in given
    if not asks or found.vendor == by.member:
        raise NothingToAsk
    number = access.write(db, product, answers, answers.purpose, by)
    facts = {"member": access.names_of(db, by.member), "href": INBOX}
    cause = f"access request {number}"
    notify(db, [found.vendor], "purpose_requested", cause, product, facts)
    return number


def end(parts: "Services", request: int, by: User) -> None:
    """End a consent before its time: bids for the purpose end, rights stay."""
    with parts.writes.begin() as db:
        row = access.to_answer(db, request, by)
        if not row.wanted:
            raise NotFound("request", encode("request", request))
        access.decide(db, row, RequestEvent.END, by, until_us=clock.now_us())
        touch(db, [row.product])
        cause = f"access ended {request}"
        notify(db, [row.member], "purpose_ended", cause, row.product, {"href": MINE})
    tell_market(parts, row.product, by.id)
