"""Fingerprints of static files: a new content has a new address, kept for a year."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.security import safe_join

NAME = "v"
DIGITS = 12  # of SHA-256: enough to tell two contents of one file apart
KEPT_MAX = 512  # files
AGE_S = 365 * 24 * 3600
ENDPOINT = "static"


def init_app(app: Flask) -> None:
    """Add the fingerprint to every address of a static file, and let it be kept."""
    folder = app.static_folder
    assert folder is not None

    def add(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == ENDPOINT and (found := of(folder, values.get("filename", ""))):
            values.setdefault(NAME, found)

    def keep(response: Response) -> Response:
        if request.endpoint == ENDPOINT and response.status_code in {200, 304}:
            _keep(response, of(folder, (request.view_args or {})["filename"]))
        return response

    app.url_defaults(add)
    app.after_request(keep)


@lru_cache(KEPT_MAX)
def of(folder: str, name: str) -> str:
    """Return the fingerprint of a file in *folder*, or "" if it is not there.

    It is computed once in a process: whoever puts other files there restarts it.
    """
    path = safe_join(folder, name) if name else None
    if path is None or not Path(path).is_file():
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:DIGITS]


def _keep(response: Response, present: str) -> None:
    """Let the address of this very content be kept; others are asked for again.

    While an upgrade runs, an old page's address may meet the new content: nobody may
    keep that under the old fingerprint.
    """
    if present and request.args.get(NAME) == present:
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = AGE_S
        response.cache_control.immutable = True
