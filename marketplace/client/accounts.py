"""Which exchange the user buys at, and the key: in their own directory, mode 600."""

import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from marketplace.client.answers import Failed
from marketplace.client.sentences import gettext

HERE = {"127.0.0.1", "localhost", "::1"}  # where plain http leaves no machine
MODE = 0o600


class Account(NamedTuple):
    """Where the exchange is, and the key that the API takes."""

    address: str
    key: str


def file() -> Path:
    """Return where the account is kept."""
    return Path(click.get_app_dir("databourse")) / "account.json"


def checked(address: str) -> str:
    """Return an exchange's address; Failed unless a key may be sent there."""
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in HERE)
    if not secure or not host or parts.username is not None or parts.query:
        raise Failed(
            gettext(
                "Give an https address; plain http is for 127.0.0.1 alone, since a key"
                " would be read on its way."
            )
        )
    return address.rstrip("/")


def save(account: Account) -> Path:
    """Keep an account; nobody else on this machine can read it at any moment."""
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(made, "w", encoding="utf-8") as out:
        json.dump(account._asdict(), out)
    draft.replace(path)
    return path


def load() -> Account:
    """Return the account that is kept; Failed if there is none."""
    try:
        said = json.loads(file().read_text("utf-8"))
        return Account(checked(str(said["address"])), str(said["key"]))
    except FileNotFoundError:
        text = gettext("You are not signed in: databourse login ADDRESS")
        raise Failed(text) from None
    except (ValueError, KeyError, TypeError):
        text = gettext("%(file)s cannot be read; sign in again.", file=file())
        raise Failed(text) from None


def forget() -> None:
    """Forget the account."""
    file().unlink(missing_ok=True)
