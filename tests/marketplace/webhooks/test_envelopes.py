"""The signature is the one that the specification's own example has."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from marketplace.webhooks import envelopes, queue
from marketplace.webhooks.queue import Event, Outcome

# standardwebhooks.com, "Verifying signatures manually"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
GIVEN = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_that_of_the_specification():
    event = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert envelopes.signature(SECRET, event, 1_614_265_330, BODY) == GIVEN


def test_two_secrets_sign_side_by_side():
    made = [envelopes.new_secret(), SECRET]
    said = envelopes.headers(made, "e-1", 7, BODY)
    assert said["webhook-signature"].split() == [
        envelopes.signature(secret, "e-1", 7, BODY) for secret in made
    ]
    assert len(base64.b64decode(made[0].removeprefix("whsec_"))) == 32


@given(st.integers(1, 60))
def test_pauses_grow_threefold_up_to_six_hours_give_or_take_a_fifth(tries):
    whole = min(queue.LAST_US, queue.FIRST_US * 3 ** (tries - 1))
    assert whole * 0.79 <= queue.pause_us(tries) <= whole * 1.21


def test_an_event_is_known_by_what_happened_to_whom():
    made = Event(3, "trade.made", "trd_0000012", 1207, 0, {"price": 5})
    assert made.id == "1207-trade-made-trd_0000012-mem_0000003"
    text = envelopes.envelope(made.id, made.type, made.subject, 0, 1207, made.data)
    said = json.loads(text)
    assert said["type"] == "com.databourse.trade.made"
    assert said["time"] == "1970-01-01T00:00:00Z"
    assert said["data"] == {"price": 5}


def test_only_the_two_hundreds_are_well():
    well = [s for s in (199, 200, 204, 299, 300, 410) if Outcome(s, "", 1).is_well]
    assert well == [200, 204, 299]
    assert not Outcome(None, "no_answer", None).is_well
