"""Our messages, verified by both reference libraries and parsed by CloudEvents' own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.webhooks import envelopes
from settlement import clock

CHECK = """
import json, sys
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook as Standard, WebhookVerificationError as Wrong
from svix.webhooks import Webhook as Svix, WebhookVerificationError as WrongSvix

secret, headers, body = json.load(sys.stdin)
changed = body.replace("trd_0000012", "trd_0000013")
assert Standard(secret).verify(body, headers) == json.loads(body)
Svix(secret).verify(body, headers)
for made, wrong in ((Standard(secret), Wrong), (Svix(secret), WrongSvix)):
    try:
        made.verify(changed, headers)
    except wrong:
        continue
    raise SystemExit("a changed body passed")
told = {name.lower(): text for name, text in headers.items()}
event = from_http_event(HTTPMessage(headers=told, body=body.encode()))
print(json.dumps([event.get_id(), event.get_type(), event.get_subject(),
                  event.get_data(), event.get_extension("position")]))
"""


@pytest.fixture
def peer(require: Callable[[str], str]) -> Path:
    """The interpreter that has the outside libraries."""
    return Path(require("peers")) / "python"


@pytest.mark.parametrize("place", [0, 1])
def test_a_message_verifies_by_either_secret_and_is_a_cloud_event(peer, place):
    made = [envelopes.new_secret(), envelopes.new_secret()]
    event = "1207-trade-made-trd_0000012-mem_0000003"
    data = {"id": "trd_0000012", "name": "日照时数"}
    body = envelopes.envelope(
        event, "trade.made", "trd_0000012", clock.now_us(), 1207, data
    )
    now_s = clock.now_us() // clock.SECOND_US
    headers = envelopes.headers(made, event, now_s, body.encode())
    said = subprocess.run(
        [str(peer), "-W", "error::UserWarning", "-c", CHECK],
        input=json.dumps([made[place], headers, body]),
        check=True,
        capture_output=True,
        text=True,
    )
    kind = "com.databourse.trade.made"
    assert json.loads(said.stdout) == [event, kind, "trd_0000012", data, "1207"]
