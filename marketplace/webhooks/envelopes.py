"""What is posted: a CloudEvent (1.0, structured), signed as Standard Webhooks say.

The signature is HMAC-SHA256 over ``ID.TIMESTAMP.BODY`` in base 64 after ``v1,``; while
a secret is replaced there are two of them (standardwebhooks.com, specification 1.0).
"""

import base64
import hmac
import json
import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from settlement import clock

PREFIX = "whsec_"
SECRET_BYTES = 32  # of the 24 to 64 that the specification asks for
SOURCE = "urn:databourse:exchange"
TYPE = "com.databourse."
MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"


def new_secret() -> str:
    """Return a new secret as members keep it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def envelope(
    event: str, kind: str, subject: str, at_us: int, position: int, data: Any
) -> str:
    """Return a CloudEvent as JSON; *position* is that of the journal (0: none)."""
    said = {
        "specversion": "1.0",
        "id": event,
        "source": SOURCE,
        "type": TYPE + kind,
        "subject": subject,
        "time": clock.moment(at_us).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        **({"position": str(position)} if position else {}),
        "data": data,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def signature(secret: str, event: str, timestamp_s: int, body: bytes) -> str:
    """Return one signature of a body that is sent at *timestamp_s* as *event*."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    said = b"%b.%d.%b" % (event.encode(), timestamp_s, body)
    made = base64.b64encode(hmac.new(key, said, sha256).digest())
    return f"v1,{made.decode()}"


def headers(
    known: Iterable[str], event: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Return the headers of a message, signed by every secret that is *known*."""
    signed = [signature(secret, event, timestamp_s, body) for secret in known]
    return {
        "Content-Type": MEDIA_TYPE,
        "webhook-id": event,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signed),
    }
