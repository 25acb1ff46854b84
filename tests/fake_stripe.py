"""A Stripe of our own on 127.0.0.1: it keeps its books, and fails as it is told.

Idempotency as documented: the first answer to a key is given again, other parameters
with the same key are an error. Faults are per request (reliability 6.7): nothing
happened and no answer, it happened and no answer, 429, 500 before and after, nonsense.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from tests.servers import QuietServer

SECRET = "whsec_of_the_fake"
FAULTS = ("lost", "lost_after", "down", "down_after", "busy", "nonsense")
BEFORE = frozenset({"lost", "down", "busy"})
FEE_BPS, DISPUTE_FEE = 290, 1_500


class FakeStripe:
    """One account: sessions, payments, disputes and the lines they leave."""

    def __init__(self) -> None:
        self.address = ""  # where it is served
        self.now_s = 1_000_000
        self.sessions: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.disputes: dict[
            str, list[dict[str, Any]]
        ] = {}  # of a payment, newest first
        self.lines: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.keys: dict[str, tuple[str, int, bytes]] = {}
        self.refuses: set[int] = set()  # amounts, as too small
        self.faults: list[str] = []  # of the next requests, in order; "" is none
        self.fault: Callable[[], str] = lambda: ""
        self.asked: list[tuple[str, str]] = []
        self.hidden = 0  # lines that do not show up in lists yet
        self.guard = threading.Lock()
        self._last = 0

    # ── what payers, banks and the provider itself do ──

    def pay(self, session: str, amount: int | None = None, currency: str = "") -> str:
        """Let the payer pay on the page; the payment's id."""
        found = self.sessions[session]
        assert found["status"] == "open", found
        asked = found["asked"]
        found["status"] = "complete"
        payment = self._id("pi")
        self.payments[payment] = {
            "id": payment,
            "object": "payment_intent",
            "transfer_group": asked["payment_intent_data[transfer_group]"],
            "metadata": {"payin": asked["payment_intent_data[metadata][payin]"]},
        }
        price = "line_items[0][price_data]"
        amount = amount or int(asked[f"{price}[unit_amount]"])
        self._line(
            "charge", payment, amount, amount * FEE_BPS // 10_000, "charge",
            currency or asked[f"{price}[currency]"],
            transfer_group=self.payments[payment]["transfer_group"],
        )  # fmt: skip
        self._tell("checkout.session.completed")
        self._tell("charge.succeeded")
        return payment

    def refund(self, payment: str, amount: int) -> None:
        """Give money back to the card."""
        self._line("refund", payment, -amount, 0, "refund")
        self._tell("charge.refunded")

    def refund_fails(self, payment: str, amount: int) -> None:
        """Let a refund come back from the card's bank."""
        self._line("refund_failure", payment, amount, 0, "refund_failure")
        self._tell("refund.failed")

    def dispute(self, payment: str, amount: int) -> None:
        """Let the card's holder dispute a payment."""
        made = {"id": self._id("du"), "status": "needs_response"}
        self.disputes.setdefault(payment, []).insert(0, made)
        self._line("adjustment", payment, -amount, DISPUTE_FEE, "dispute")
        self._tell("charge.dispute.created")

    def decide(self, payment: str, amount: int, *, won: bool) -> None:
        """Let the bank decide a dispute."""
        self.disputes[payment][0]["status"] = "won" if won else "lost"
        if won:
            self._line("adjustment", payment, amount, -DISPUTE_FEE, "dispute_reversal")
        self._tell("charge.dispute.closed")

    def pay_out(self, amount: int, currency: str = "cny") -> None:
        """Send money to our bank."""
        self._line("payout", "", -amount, 0, "payout", currency)
        self._tell("payout.paid")

    def charge_us(self, amount: int, kind: str = "stripe_fee") -> None:
        """Charge the account itself."""
        self._line(kind, "", -amount, 0, "fee", "cny")

    def expire(self, session: str) -> None:
        """Let a page end unpaid."""
        self.sessions[session]["status"] = "expired"
        self._tell("checkout.session.expired")

    def balance(self, currency: str = "cny") -> int:
        """Return what the account holds, after its costs."""
        mine = [line for line in self.lines if line["currency"] == currency]
        return sum(line["amount"] - line["fee"] for line in mine)

    def signed(self, event: dict[str, Any], at_s: int) -> tuple[bytes, str]:
        """Return a message's body and its signature of that moment."""
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET, at_s)
        return body.encode(), header

    # ── what it keeps ──

    def _id(self, kind: str) -> str:
        self._last += 1
        return f"{kind}_{self._last:08}"

    def _line(
        self,
        kind: str,
        payment: str,
        amount: int,
        fee: int,
        category: str,
        currency: str = "",
        **source: Any,
    ) -> None:
        of = next((x for x in self.lines if x["payment"] == payment and payment), None)
        self.now_s += 1
        self.lines.append(
            {
                "id": self._id("txn"),
                "object": "balance_transaction",
                "type": kind,
                "reporting_category": category,
                "amount": amount,
                "fee": fee,
                "net": amount - fee,
                "currency": currency or of["currency"],
                "created": self.now_s,
                "payment": payment,
                "source": {"object": kind, "payment_intent": payment or None, **source},
            }
        )

    def _tell(self, kind: str) -> None:
        self.events.append(
            {
                "id": self._id("evt"),
                "object": "event",
                "type": kind,
                "livemode": False,
                "api_version": "2026-10-28.endive",
                "data": {"object": {}},
            }
        )

    # ── what it answers ──

    def answer(self, method: str, url: str, body: bytes, key: str) -> tuple[int, bytes]:
        """Return status and body for a request; the same key, the same answer."""
        if method == "GET":
            return self._read(url)
        digest = sha256(body).hexdigest()
        if key in self.keys:
            known, status, said = self.keys[key]
            if known != digest:
                return _error(400, "idempotency_error", "other parameters")
            return status, said
        status, said = self._write(url, dict(parse_qsl(body.decode())))
        self.keys[key] = digest, status, said
        return status, said

    def _write(self, url: str, asked: dict[str, str]) -> tuple[int, bytes]:
        if urlsplit(url).path != "/v1/checkout/sessions":
            return _error(404, "invalid_request_error", url)
        number = self._id("cs_test")
        made = {
            "id": number,
            "object": "checkout.session",
            "status": "open",
            "url": f"https://checkout.invalid/{number}",
            "client_reference_id": asked["client_reference_id"],
        }
        amount = asked["line_items[0][price_data][unit_amount]"]
        if int(amount) in self.refuses:
            return _error(400, "invalid_request_error", f"not {amount}")
        self.sessions[number] = made | {"asked": asked}
        return 200, json.dumps(made).encode()

    def _read(self, url: str) -> tuple[int, bytes]:
        parts = urlsplit(url)
        wanted = dict(parse_qsl(parts.query))
        kind, _, number = parts.path.removeprefix("/v1/").rpartition("/")
        if kind == "checkout/sessions":
            found = {k: v for k, v in self.sessions[number].items() if k != "asked"}
            return 200, json.dumps(found).encode()
        if kind == "payment_intents":
            if number not in self.payments:
                return _error(404, "invalid_request_error", number)
            return 200, json.dumps(self.payments[number]).encode()
        if number == "disputes":
            those = self.disputes.get(wanted["payment_intent"], [])
            rows = [{"object": "dispute", **one} for one in those]
            return 200, _list(rows, more=False)
        assert number == "balance_transactions", url
        shown = self.lines[: len(self.lines) - self.hidden]
        since = int(wanted.get("created[gte]", 0))
        rows = [line for line in reversed(shown) if line["created"] >= since]
        if after := wanted.get("starting_after"):
            place = [row["id"] for row in rows].index(after)
            rows = rows[place + 1 :]
        limit = int(wanted["limit"])
        return 200, _list(rows[:limit], more=len(rows) > limit)


def _list(rows: list[dict[str, Any]], *, more: bool) -> bytes:
    return json.dumps({"object": "list", "data": rows, "has_more": more}).encode()


def _error(status: int, kind: str, text: str) -> tuple[int, bytes]:
    return status, json.dumps({"error": {"type": kind, "message": text}}).encode()


class Handler(BaseHTTPRequestHandler):
    """Serves a fake, with its faults."""

    fake: FakeStripe
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        fake = self.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with fake.guard:
            fake.asked.append((self.command, self.path))
            fault = fake.faults.pop(0) if fake.faults else fake.fault()
            status, said = 500, b'{"error": {"message": "down"}}'
            if fault not in BEFORE:
                key = self.headers.get("Idempotency-Key", "")
                status, said = fake.answer(self.command, self.path, body, key)
        if fault in ("lost", "lost_after"):
            self.close_connection = True
            return
        if fault in ("down", "down_after"):
            status, said = _error(500, "api_error", "down")
        elif fault == "busy":
            status, said = _error(429, "rate_limit", "slower")
        elif fault == "nonsense":
            said = said[: len(said) // 2]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(fake: FakeStripe) -> Iterator[str]:
    """Serve *fake* on a port of 127.0.0.1; give its address."""
    handler = type("Serving", (Handler,), {"fake": fake})
    server = QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
