"""Signed notes and the checkpoints in them (C2SP: signed-note, tlog-checkpoint).

A note is a text that ends with a newline, an empty line, and a line for each signature:
a dash, the signer's name, and the base64 of four bytes of the key's hash and 64 of the
Ed25519 signature (RFC 8032). A key is written ``name+hash+base64``, as Go's sumdb has
it.
"""

import base64
import hashlib
from binascii import Error as BadBase64
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from settlement.merkle import HASH

ED25519 = b"\x01"
SECRET = "PRIVATE+KEY+"  # noqa: S105 - how a secret key begins, not one
SIGNED = "\n\n"
DASH = "— "
NOTE_MAX = 10_000  # characters


class BadNote(ValueError):
    """A note that is none, or that this key has not signed."""


class Checkpoint(NamedTuple):
    """How large a log was, and its root: all that its signer vouches for."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the checkpoint as the text of a note."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the checkpoint in a note's text; BadNote if there is none."""
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not lines[1].isdecimal():
            raise BadNote(text)
        root = _decode(lines[2])
        if len(root) != HASH or str(int(lines[1])) != lines[1]:
            raise BadNote(text)
        return cls(lines[0], int(lines[1]), root)


class Signer:
    """Signs notes under a name."""

    def __init__(self, secret: str) -> None:
        """Take a secret key as `new_secret` makes it."""
        self.name, _, data = secret.removeprefix(SECRET).split("+", 2)
        self._key = Ed25519PrivateKey.from_private_bytes(_decode(data)[1:])
        public = self._key.public_key().public_bytes_raw()
        self._hash = _key_hash(self.name, public)
        # What others verify with.
        self.public = f"{self.name}+{self._hash.hex()}+{_encode(ED25519 + public)}"

    def sign(self, text: str) -> str:
        """Return *text*, which must end with a newline, as a note signed by us."""
        assert text.endswith("\n"), text
        signature = self._hash + self._key.sign(text.encode())
        return f"{text}\n{DASH}{self.name} {_encode(signature)}\n"


def new_secret(name: str) -> str:
    """Return a new secret key under *name*, which has no blank and no plus."""
    assert name
    assert not set(name) & set("+ \n"), name
    key = Ed25519PrivateKey.generate()
    key_hash = _key_hash(name, key.public_key().public_bytes_raw()).hex()
    return f"{SECRET}{name}+{key_hash}+{_encode(ED25519 + key.private_bytes_raw())}"


def opened(note: str, public: str) -> str:
    """Return the text of a note that the holder of the key *public* has signed.

    Other signatures in it are passed over. BadNote if ours is missing or wrong.
    """
    name, key_hash, data = _public(public)
    text, between, signatures = note[:NOTE_MAX].rpartition(SIGNED)
    if not between:
        raise BadNote(note)
    text += "\n"
    for line in signatures.splitlines():
        if not line.startswith(f"{DASH}{name} "):
            continue
        signature = _decode(line.rpartition(" ")[2])
        if signature[:4] != key_hash:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(data).verify(
                signature[4:], text.encode()
            )
        except InvalidSignature:
            raise BadNote(note) from None
        return text
    raise BadNote(note)


def _public(public: str) -> tuple[str, bytes, bytes]:
    """Return name, hash and bytes of a public key; BadNote if it is none."""
    parts = public.strip().split("+", 2)
    if len(parts) != 3:
        raise BadNote(public)
    name, said, data = parts[0], parts[1], _decode(parts[2])
    key_hash = _key_hash(name, data[1:])
    if data[:1] != ED25519 or len(data) != HASH + 1 or said != key_hash.hex():
        raise BadNote(public)
    return name, key_hash, data[1:]


def _key_hash(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise BadNote(text) from None
