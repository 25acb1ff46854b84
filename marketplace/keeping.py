"""Secrets of the exchange in files outside the database, each made once."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

FOLDER = "config"  # below the data directory


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in *path*, made by the first process that asks for it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(make(), "ascii")
        with suppress(FileExistsError):  # another process was faster
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii")
