"""Stripe: hosted checkout, separate charges, balance transactions, disputes.

Source: docs.stripe.com, API version as pinned. Calls carry an idempotency key made of
our own id and are repeated by the library; what still fails is ProviderDown, and asking
again later with the same key cannot charge twice (attack 36).
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import stripe

from settlement.clock import SECOND_US
from settlement.payments import cards
from settlement.payments.provider import (
    Asked,
    BadSignature,
    Begun,
    Ended,
    ForeignLine,
    Message,
    ProviderDown,
    ProviderRefused,
)

VERSION = "2026-10-28.endive"
URL = "https://api.stripe.com"
TOLERANCE_S = 300  # between a message's signature and its arrival
RETRIES = 2
TIMEOUT_S = 10
PAGE = 100  # lines
T = TypeVar("T")

# Stripe's types of balance transactions, by what they are to us.
KINDS = {
    "charge": cards.CHARGE,
    "payment": cards.CHARGE,
    "refund": cards.REFUND,
    "payment_refund": cards.REFUND,
    "refund_failure": cards.REFUND_BACK,
    "payment_failure_refund": cards.REFUND_BACK,
    "payout": cards.PAYOUT,
    "payout_failure": cards.PAYOUT_BACK,
    "payout_cancel": cards.PAYOUT_BACK,
    "stripe_fee": cards.COST,
}
CATEGORIES = {"dispute": cards.DISPUTE, "dispute_reversal": cards.DISPUTE_BACK}
OUTCOMES = {"won": cards.WON, "lost": cards.LOST}


class Stripe:
    """One Stripe account; see `provider.Provider`."""

    def __init__(
        self, key: str, secret: str, url: str = URL, *, retries: int = RETRIES
    ) -> None:
        """Use the API *key*; *secret* signs messages; *url* is another's in tests."""
        self.live = "_live_" in key
        self._secret = secret
        self._client = stripe.StripeClient(
            key,
            stripe_version=VERSION,
            base_addresses={"api": url},
            max_network_retries=retries,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
        )

    def begin(self, asked: Asked) -> Begun:
        """Return the page for a payment; asked again, the same page."""
        goods = {
            "currency": asked.currency.lower(),
            "unit_amount": asked.amount,
            "product_data": {"name": asked.title},
        }
        wanted = {
            "mode": "payment",
            "client_reference_id": asked.payin,
            "success_url": asked.back_url,
            "cancel_url": asked.back_url,
            "expires_at": asked.until_s,
            "line_items": [{"quantity": 1, "price_data": goods}],
            "payment_intent_data": {
                "transfer_group": asked.payin,
                "metadata": {"payin": asked.payin},
            },
        }
        made = _call(
            lambda: self._client.v1.checkout.sessions.create(
                cast("Any", wanted), {"idempotency_key": f"checkout-{asked.payin}"}
            )
        )
        return Begun(str(made["id"]), str(made["url"]))

    def is_over(self, session: str) -> bool:
        """Tell whether a payment's page has ended without money."""
        found = _call(lambda: self._client.v1.checkout.sessions.retrieve(session))
        return bool(found["status"] == "expired")

    def pages(self, since_s: int) -> Iterator[list[ForeignLine]]:
        """Yield our lines since then, newest first, a page at a time."""
        wanted: dict[str, Any] = {
            "limit": PAGE,
            "created": {"gte": since_s},
            "expand": ["data.source"],
        }
        more = True
        while more:
            found = _call(
                lambda: self._client.v1.balance_transactions.list(cast("Any", wanted))
            )
            rows, more = found["data"], bool(found["has_more"])
            if rows:
                yield [self._line(row) for row in rows]
                wanted["starting_after"] = rows[-1]["id"]
            more = more and bool(rows)

    def outcome(self, reference: str) -> Ended | None:
        """Return how the last dispute of a payment ended; None while one is open."""
        found = _call(
            lambda: self._client.v1.disputes.list({"payment_intent": reference})
        )
        ends = [(row["id"], row["status"]) for row in found["data"]]  # newest first
        if not ends or any(status not in OUTCOMES for _, status in ends):
            return None
        return Ended(ends[0][0], OUTCOMES[ends[0][1]] == cards.WON)

    def message(self, body: bytes, signature: str) -> Message:
        """Return the message that *body* is; BadSignature unless it is genuine."""
        try:
            found = stripe.Webhook.construct_event(
                body, signature, self._secret, TOLERANCE_S
            ).to_dict()
            return Message(
                str(found["id"]), str(found["type"]), bool(found["livemode"])
            )
        except (ValueError, LookupError, TypeError, stripe.SignatureVerificationError):
            raise BadSignature from None

    def _line(self, row: dict[str, Any]) -> ForeignLine:
        kind = CATEGORIES.get(row.get("reporting_category", "")) or KINDS.get(
            row["type"], row["type"]
        )
        source = row.get("source")
        source = source if isinstance(source, dict) else {}
        reference = str(source.get("payment_intent") or "")
        payin = str(source.get("transfer_group") or "")
        if reference and not payin:
            payin = self._payin_of(reference)
        return ForeignLine(
            row["id"], kind, payin, reference, row["currency"].upper(), row["amount"],
            row["fee"], row["created"] * SECOND_US,
        )  # fmt: skip

    def _payin_of(self, reference: str) -> str:
        """Return which pay-in a payment is of: a refund or dispute does not say."""
        try:
            found = _call(lambda: self._client.v1.payment_intents.retrieve(reference))
        except ProviderRefused:
            return ""  # not to be found: the line is kept, and booked on no pay-in
        return str(found.get("transfer_group") or "")


def _call(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return what Stripe answers as a plain dictionary.

    Raises ProviderRefused if it answers that this cannot be, which asking again will
    not change; and ProviderDown if it does not answer, or not now, or not us.
    """
    try:
        answer: dict[str, Any] = ask().to_dict()
    except stripe.InvalidRequestError as error:
        raise ProviderRefused from error
    except stripe.StripeError as error:
        raise ProviderDown from error
    return answer
