"""Requests to the exchange's API, with the key; nothing is followed elsewhere."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from marketplace.client.accounts import HERE, Account, checked
from marketplace.client.answers import Refused, Unreachable
from marketplace.client.sentences import language

API = "/api/v1"
WAIT_S = 60.0  # for an answer and for each piece
PROBLEM_MAX = 64 * 1024  # bytes of a refusal that are read
PAGE = 100


class Stays(HTTPRedirectHandler):
    """Follows no redirect: the key is for one address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse."""
        return


class Exchange:
    """One exchange, with one key."""

    def __init__(self, account: Account) -> None:
        """Speak to the account's exchange."""
        self._account = account._replace(address=checked(account.address))
        here = urlsplit(account.address).hostname in HERE
        without = [ProxyHandler({})] if here else []
        self._opener = build_opener(Stays, *without)

    def get(self, path: str, **query: Any) -> Any:
        """Read; Refused, Unreachable."""
        told = f"?{urlencode(query, doseq=True)}" if query else ""
        with self.opened("GET", path + told) as answer:
            return json.loads(piece(answer))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Do; ``Idempotency_Key="…"`` adds that header. Refused, Unreachable."""
        told = {name.replace("_", "-"): text for name, text in headers.items()}
        with self.opened("POST", path, body, told) as answer:
            return json.loads(piece(answer))

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every entry of a list, page by page."""
        query: dict[str, Any] = {"limit": PAGE}
        while True:
            page = self.get(path, **query)
            yield from page["data"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    @contextmanager
    def opened(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """Yield an answer whose body is read piece by piece; Refused, Unreachable."""
        told = {
            "Authorization": f"Bearer {self._account.key}",
            "Accept-Language": language(),
            "Accept-Encoding": "identity",
            "User-Agent": "databourse-client",
            **(headers or {}),
        }
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            told["Content-Type"] = "application/json"
        url = self._account.address + API + path
        asked = Request(url, content, told, method=method)  # noqa: S310 (see checked)
        try:
            answer = self._opener.open(asked, timeout=WAIT_S)
        except HTTPError as error:
            with error:
                raise Refused(error.code, _problem(error)) from None
        except (URLError, HTTPException, OSError):
            raise Unreachable from None
        with answer:
            yield answer


def piece(answer: HTTPResponse, size: int = -1) -> bytes:
    """Return up to *size* bytes of an answer, none at its end; Unreachable."""
    try:
        return answer.read(size) if size >= 0 else answer.read()
    except (HTTPException, OSError):
        raise Unreachable from None


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        said = json.loads(error.read(PROBLEM_MAX))
    except (ValueError, OSError, HTTPException):
        said = {}
    return said if isinstance(said, dict) else {}
