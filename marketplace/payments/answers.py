"""How refusals of the rails are answered over HTTP; see `marketplace.errors`."""

from http import HTTPStatus

from marketplace.payments.payees import NotThePayoutAccount
from settlement.errors import Refusal
from settlement.payments.cards import CardMismatch, CardReserve, TooManyCards
from settlement.payments.provider import (
    BadSignature,
    CardsOff,
    ProviderDown,
    ProviderRefused,
)

RAILS: dict[type[Refusal], HTTPStatus] = {
    NotThePayoutAccount: HTTPStatus.CONFLICT,
    CardMismatch: HTTPStatus.CONFLICT,
    CardReserve: HTTPStatus.CONFLICT,
    CardsOff: HTTPStatus.CONFLICT,
    ProviderRefused: HTTPStatus.CONFLICT,
    TooManyCards: HTTPStatus.CONFLICT,
    ProviderDown: HTTPStatus.SERVICE_UNAVAILABLE,
    BadSignature: HTTPStatus.BAD_REQUEST,
}
