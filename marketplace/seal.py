"""The exchange's seal: an ES256 key outside the database that signs certificates."""

import json
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from marketplace.keeping import FOLDER, kept

ALGORITHM = "ES256"
NAME = "certificates.jwk"
TOKEN_MAX = 2_000_000  # characters of a signed document that is looked at


class Seal:
    """Signs documents, and tells whether a signature is the exchange's."""

    def __init__(self, data: Path) -> None:
        """Read the key below *data*; the first process that asks makes it."""
        self._key = ECKey.import_key(json.loads(kept(data / FOLDER / NAME, _new)))

    def sign(self, content: str, kind: str = "JOSE") -> str:
        """Return *content* signed as a compact JWS (RFC 7515); *kind* is its typ."""
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": kind}
        return jws.serialize_compact(header, content, self._key, [ALGORITHM])

    def content(self, token: str, kind: str | None = None) -> str | None:
        """Return what a signed document says; None if the signature is not ours.

        None too if *kind* is given and its typ is another.
        """
        if len(token) > TOKEN_MAX:
            return None
        try:
            found = jws.deserialize_compact(token, self._key, [ALGORITHM])
            said = found.payload.decode()
        except (JoseError, ValueError):
            return None
        return said if kind in (None, found.headers().get("typ")) else None

    def public_keys(self) -> dict[str, Any]:
        """Return the public half as a JWKS (RFC 7517)."""
        return dict(KeySet([self._key]).as_dict(private=False))


def _new() -> str:
    """Return a new key as the JSON that is kept."""
    made = ECKey.generate_key("P-256", auto_kid=True)
    return json.dumps(made.as_dict(private=True))
