"""Paying in by card by page and API, with a provider of our own."""

from dataclasses import replace

import pytest

from marketplace.payments.following import CardDesk
from marketplace.services import EXTENSION
from tests.card_house import now_s
from tests.fake_stripe import SECRET, FakeStripe, serving
from tests.flows.market import headline, location
from tests.programs import program

__all__ = ["program"]


@pytest.fixture
def fake():
    """A provider, and where it is."""
    made = FakeStripe()
    with serving(made) as address:
        made.address = address
        yield made


@pytest.fixture
def config(config, fake):
    """The settings with the key of the fake."""
    return replace(
        config,
        stripe_key="sk_test_x",
        stripe_webhook_secret=SECRET,
        stripe_url=fake.address,
    )


def test_a_buyer_pays_in_by_card(visit, program, parts, fake):
    buyer = visit("buyer")
    there = location(
        buyer.post("/cash/cards", card_currency="CNY", card_amount="120.50", key="k1")
    )
    page = buyer.get(there).text
    session = next(reversed(fake.sessions))
    assert f"https://checkout.invalid/{session}" in page
    same = buyer.post(
        "/cash/cards", card_currency="CNY", card_amount="120.50", key="k1"
    )
    assert location(same) == there
    assert visit("other").get(there).status_code == 404
    fake.pay(session)
    body, header = fake.signed(fake.events[-1], now_s())
    sent = visit("").client
    for expected in (200, 200):
        answer = sent.post(
            "/api/webhooks/stripe", data=body, headers={"Stripe-Signature": header}
        )
        assert answer.status_code == expected
    forged = sent.post(
        "/api/webhooks/stripe", data=body + b" ", headers={"Stripe-Signature": header}
    )
    assert (forged.status_code, forged.json["code"]) == (400, "bad_signature")
    desk = CardDesk(parts.cards, parts.reads, parts.writes, parts.gateway)
    assert desk.step() == 1
    assert "state--" in buyer.get(there).text
    (balance,) = program("buyer").read("/balances")["data"]
    assert balance["free"] == 12_050
    taken = buyer.post(
        "/cash/payouts", payout_currency="CNY", payout_amount="1.00", destination="x"
    )
    assert taken.status_code == 409, headline(taken)


def test_a_program_pays_in_by_card(program, fake):
    buyer = program("buyer")
    wanted = {"currency": "CNY", "amount": 900}
    made = buyer.made("/payins/card", wanted)
    assert (made["state"], made["reference"]) == ("created", "card")
    assert made["checkout_url"].startswith("https://checkout.invalid/")
    again = buyer.post(f"/payins/{made['id']}/checkout").json
    assert again == made
    assert program("other").post(f"/payins/{made['id']}/checkout").status_code == 404
    much = buyer.post("/payins/card", wanted | {"amount": 5_000_001})
    assert much.json["code"] == "over_card_limit"


def test_a_provider_that_is_down_stops_cards_and_nothing_else(visit, program, fake):
    buyer = visit("buyer")
    fake.faults = ["down"] * 3
    there = location(
        buyer.post("/cash/cards", card_currency="CNY", card_amount="5.00", key="k2")
    )
    assert f"{there}/again" in buyer.get(there).text
    fake.faults = ["down"] * 3
    assert buyer.post(f"{there}/again").status_code == 503
    sessions = len(fake.sessions)
    location(buyer.post(f"{there}/again"))
    assert len(fake.sessions) == sessions + 1
    assert f"{there}/again" not in buyer.get(there).text


def test_without_a_key_the_rail_is_off_and_the_page_says_so(visit, program):
    services = visit("buyer").client.application.extensions[EXTENSION]
    visit("buyer").client.application.extensions[EXTENSION] = replace(
        services, cards=None
    )
    buyer = visit("buyer")
    assert 'action="/cash/cards"' not in buyer.get("/cash").text
    sent = buyer.post("/cash/cards", card_currency="CNY", card_amount="5.00", key="k")
    assert sent.status_code == 409
    refused = program("buyer").post("/payins/card", {"currency": "CNY", "amount": 9})
    assert refused.json["code"] == "cards_off"
    assert buyer.client.post("/api/webhooks/stripe", data=b"{}").status_code == 409
