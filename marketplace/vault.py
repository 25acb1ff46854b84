"""The exchange's vault: what must stay unread until a moment, under its own key."""

import hashlib
import hmac
import secrets
from pathlib import Path

from joserfc import jwe
from joserfc.jwk import OctKey

from marketplace.keeping import FOLDER, kept
from settlement.canonical import canonical

NAME = "vault.key"
HEADER = {"alg": "dir", "enc": "A256GCM"}  # RFC 7518 §4.5, §5.3
KEY_BYTES = 32


class Vault:
    """Locks texts up and opens them; the key is in a file outside the database."""

    def __init__(self, data: Path) -> None:
        """Read the key below *data*; the first process that asks makes it."""
        made = kept(data / FOLDER / NAME, lambda: secrets.token_hex(KEY_BYTES))
        self._secret = bytes.fromhex(made)
        self._key = OctKey.import_key(self._secret)

    def salt(self, vendor: int, demand: int, key: str | None) -> str:
        """Return what hides a bid: the same again under the same *key*, or chance."""
        if key is None:
            return secrets.token_urlsafe(KEY_BYTES)
        said = canonical(("salt of a bid", vendor, demand, key)).encode()
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()

    def derive(self, use: str) -> bytes:
        """Return a secret for one *use* alone, always the same."""
        return hmac.digest(self._secret, canonical(("derived", use)).encode(), "sha256")

    def lock(self, text: str) -> str:
        """Return *text* encrypted: JWE in compact form (RFC 7516)."""
        return jwe.encrypt_compact(HEADER, text.encode(), self._key)

    def unlock(self, token: str) -> str:
        """Return what was locked up; joserfc's JoseError if it was changed."""
        found = jwe.decrypt_compact(token, self._key).plaintext
        assert found is not None, token
        return found.decode()
