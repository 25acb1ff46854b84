"""Starting a payment by card: the pay-in, its checkout, the provider's page."""

from collections.abc import Callable
from contextlib import suppress

from flask_babel import gettext

from marketplace.payments import checkouts
from marketplace.services import Services
from marketplace.trading.carding import RequestCardPayin
from settlement.ids import encode
from settlement.payments.provider import CardsOff, ProviderDown, ProviderRefused


def begin(
    parts: Services,
    command: RequestCardPayin,
    key: str | None,
    page_of: Callable[[int], str],
) -> int:
    """Begin a pay-in by card; its number.

    CardsOff without a provider. If it does not answer now the pay-in stays: it is asked
    again, under the same key, by the member's click or by the desk. ProviderRefused
    ends it.
    """
    if parts.cards is None:
        raise CardsOff
    number = int(parts.gateway.submit(command, key).result)
    title = gettext("Pay-in %(number)s", number=encode("payin", number))
    with parts.writes.begin() as db:
        checkouts.note(db, number, title, page_of(number))
    with suppress(ProviderDown):  # its page says so, and how to go on
        resume(parts, number)
    return number


def resume(parts: Services, payin: int) -> str:
    """Return the provider's page for a pay-in; CardsOff, NotFound, ProviderDown.

    ProviderRefused ends the pay-in.
    """
    if parts.cards is None:
        raise CardsOff
    try:
        return checkouts.begin(parts.writes, parts.cards, payin)
    except ProviderRefused:
        checkouts.give_up(parts.writes, parts.gateway, payin)
        raise
