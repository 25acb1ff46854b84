"""What an application is shown: a JWT (RFC 7519) under the exchange's published key.

Its typ sets it apart from all else that the key signs (RFC 8725, §3.11).
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from marketplace.seal import Seal
from settlement import clock
from settlement.errors import NotFound, Refusal
from settlement.ids import decode, encode

KIND = "entitlement+jwt"
SECOND_US = clock.SECOND_US


@dataclass(eq=False)
class BadSeatToken(Refusal):
    """This is no token of a seat that the exchange signed, or it is over."""


def token(
    seal: Seal, seat: Row[Any], right: Row[Any], product: str, most: int, issuer: str
) -> str:
    """Return the token of a seat, good as long as the seat without a heartbeat."""
    claims = {
        "iss": issuer,
        "aud": product,
        "sub": encode("member", right.holder),
        "jti": encode("seat", seat.id),
        "iat": seat.beat_us // SECOND_US,
        "nbf": seat.beat_us // SECOND_US,
        "exp": seat.until_us // SECOND_US,
        "entitlement": encode("entitlement", right.id),
        "purpose": right.purpose,
        "name": seat.name,
        "seat": seat.place,
        "seats": most,
        "beats": seat.beats,
    }
    return seal.sign(json.dumps(claims, ensure_ascii=False), KIND)


def seat_of(seal: Seal, text: str) -> tuple[int, int]:
    """Return the seat that a token of ours is of, and its heartbeats; BadSeatToken."""
    content = seal.content(text, KIND)
    try:
        said = json.loads(content or "{}")
        seat, beats = decode("seat", said["jti"]), int(said["beats"])
        is_over = int(said["exp"]) <= clock.now_us() // SECOND_US
    except (KeyError, ValueError, TypeError, NotFound):
        raise BadSeatToken from None
    if is_over:
        raise BadSeatToken
    return seat, beats
