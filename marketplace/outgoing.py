"""Requests to addresses that members name: only to what is in public, and bounded.

Reliability, attack row 56: the name is resolved once, every address it has is checked,
and the connection goes to a checked address, so that a second answer of the name
server changes nothing. Each redirect is checked the same way.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Timer
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from listings.quality import personal
from settlement import clock
from settlement.errors import Refusal

PORTS = {"http": (80, 8080), "https": (443, 8443)}
URL_MAX = 2_000  # characters
BODY_MAX = 64 * 1024  # bytes that are read of an answer
WAIT_S = 5.0  # for a connection and for each piece
ALL_S = 10.0  # for everything, redirects too
REDIRECTS_MAX = 3
SHOWN_MAX = 2_000  # characters of an answer
RATES = "10 per minute; 200 per day"  # of one member's tests
HEADERS = {"User-Agent": "Databourse", "Accept": "*/*", "Accept-Encoding": "identity"}
_REDIRECTS = {301, 302, 303, 307, 308}
# What Python's is_global lets through, or lets through in some versions.
_DENIED = [
    ip_network(text)
    for text in (
        # IPv4 written as IPv6, however it is translated on the way.
        *("::/96", "::ffff:0:0:0/96", "5f00::/16"),
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "224.0.0.0/3", "64:ff9b::/32", "100::/64", "2001::/23"),
        *(
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "fc00::/7",
            "fe80::/9",
            "ff00::/8",
        ),
    )
]


@dataclass(eq=False)
class NotReachable(Refusal):
    """The address cannot be called from here."""

    why: str


class Answer(NamedTuple):
    """What an address answered."""

    status: int
    media_type: str
    body: bytes  # its beginning, at most BODY_MAX
    latency_us: int
    url: str  # after redirects


class Stream:
    """An answer whose body is read piece by piece; see `opened`."""

    def __init__(self, answer: HTTPResponse, url: str, ends_s: float) -> None:
        """Take an answer to *url* that must be whole at *ends_s*."""
        self._answer, self._ends_s = answer, ends_s
        self.url = url  # after redirects
        self.status = answer.status
        self.media_type = (answer.getheader("Content-Type") or "")[:100]
        self.encoding = answer.getheader("Content-Encoding") or ""
        self.size = answer.length  # bytes, as announced; None: not said
        self.received = 0

    def read(self, size: int, /) -> bytes:
        """Return what has come, none at the end; NotReachable if it ends too early."""
        try:
            piece = self._answer.read1(size)
        except (OSError, HTTPException, ValueError):
            raise NotReachable(self._cause("no_answer")) from None
        self.received += len(piece)
        if not piece and self.received < (self.size or 0):
            raise NotReachable(self._cause("cut_off"))
        if not piece and clock.elapsed_s() >= self._ends_s:
            raise NotReachable("too_slow")
        return piece

    def _cause(self, otherwise: str) -> str:
        return "too_slow" if clock.elapsed_s() >= self._ends_s else otherwise


def fetch(url: str, reachable: Sequence[str] = ()) -> Answer:
    """Return what a GET of *url* answers; NotReachable says why there is none.

    *reachable*: ``host:port`` of servers that may be called wherever they are; only
    tests have any.
    """
    begun = clock.elapsed_s()
    with opened(url, reachable) as found:
        body = b""
        while len(body) < BODY_MAX and (piece := found.read(BODY_MAX - len(body))):
            body += piece
    took_us = int((clock.elapsed_s() - begun) * clock.SECOND_US)
    return Answer(found.status, found.media_type, body, took_us, found.url)


@contextmanager
def opened(
    url: str,
    reachable: Sequence[str] = (),
    *,
    secure: bool = False,
    all_s: float | None = None,
) -> Iterator[Stream]:
    """Yield what a GET of *url* answers, to be read within *all_s* (None: ALL_S).

    *secure*: only https, redirects too, except for *reachable* servers. NotReachable
    says why there is none.
    """
    ends_s = clock.elapsed_s() + (ALL_S if all_s is None else all_s)
    for _ in range(REDIRECTS_MAX + 1):
        parts = checked(url, reachable, secure=secure)
        if clock.elapsed_s() >= ends_s:
            raise NotReachable("too_slow")
        with _asked(parts, reachable, ends_s, "GET", HEADERS) as answer:
            there = answer.getheader("Location")
            if answer.status not in _REDIRECTS or there is None:
                yield Stream(answer, url, ends_s)
                return
        url = urljoin(url, there)
    raise NotReachable("too_many_redirects")


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    reachable: Sequence[str] = (),
    *,
    all_s: float = ALL_S,
) -> tuple[int, int]:
    """Post *body* to *url* by https, once; the answer's status, and microseconds.

    NotReachable says why there is none. No redirect is followed, and nothing of the
    answer but its status is looked at.
    """
    begun = clock.elapsed_s()
    parts = checked(url, reachable, secure=True)
    said = {**HEADERS, **headers}
    with _asked(parts, reachable, begun + all_s, "POST", said, body) as answer:
        took_us = int((clock.elapsed_s() - begun) * clock.SECOND_US)
        return answer.status, took_us


def excerpt(answer: Answer) -> str:
    """Return the beginning of an answer that is text, personal data masked."""
    if b"\0" in answer.body:
        return ""
    said = answer.body.decode("utf-8", "replace")[:SHOWN_MAX]
    return personal.masked(said, personal.KINDS[:4])


def checked(
    url: str, reachable: Sequence[str] = (), *, secure: bool = False
) -> SplitResult:
    """Return the parts of an address that may be called as far as its text says.

    *secure*: only by https, or a server that is *reachable* anyway.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotReachable("no_address") from None
    host = parts.hostname or ""
    if len(url) > URL_MAX or not host or not url.isascii() or not url.isprintable():
        raise NotReachable("no_address")
    if parts.scheme not in PORTS:
        raise NotReachable("scheme")
    if parts.username is not None or parts.password is not None:
        raise NotReachable("credentials")
    if port and port not in PORTS[parts.scheme] and f"{host}:{port}" not in reachable:
        raise NotReachable("port")
    if secure and parts.scheme != "https" and not _is_allowed(parts, reachable):
        raise NotReachable("not_https")
    return parts


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that anybody in the world could be at."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return (
        found.is_global
        and not found.is_multicast
        and not any(found in network for network in _DENIED)
    )


def _is_allowed(parts: SplitResult, reachable: Sequence[str]) -> bool:
    port = parts.port or PORTS[parts.scheme][0]
    return f"{parts.hostname}:{port}" in reachable


@contextmanager
def _asked(
    parts: SplitResult,
    reachable: Sequence[str],
    ends_s: float,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[HTTPResponse]:
    """Yield the answer of one machine; the connection is cut at *ends_s*."""
    left_s = max(ends_s - clock.elapsed_s(), 0.001)
    made = connection_to(parts, reachable, min(WAIT_S, left_s))
    with ExitStack() as closing:
        closing.callback(made.close)
        try:
            closing.enter_context(ended(made, left_s))
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            made.request(method, path, body, dict(headers))
            answer = closing.enter_context(made.getresponse())
        except (OSError, HTTPException, ValueError):
            raise NotReachable("no_answer") from None
        yield answer


def connection_to(
    parts: SplitResult, reachable: Sequence[str], wait_s: float
) -> HTTPConnection:
    """Return a connection to a checked address of what `checked` let pass.

    NotReachable if the name is unknown, leads to what is not public, or nobody answers.
    *wait_s* is for the connection and for each piece.
    """
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or PORTS[parts.scheme][0]
    address = _address(host, port, _is_allowed(parts, reachable))
    made = (HTTPSConnection if tls else HTTPConnection)(host, port, timeout=wait_s)
    try:
        made.sock = _connected(address, port, host if tls else "", wait_s)
    except OSError:
        raise NotReachable("no_answer") from None
    return made


@contextmanager
def ended(connection: HTTPConnection, after_s: float) -> Iterator[None]:
    """Cut a connection after some seconds: who sends drop by drop never times out."""
    there = connection.sock

    def cut() -> None:
        with suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)

    timer = Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _address(host: str, port: int, allowed: bool) -> str:
    """Return an address of *host*, all of which must be public; asked for once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReachable("unknown_name") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not allowed and not all(map(is_public, addresses)):
        raise NotReachable("not_public")
    return addresses[0]


def _connected(address: str, port: int, name: str, wait_s: float) -> socket.socket:
    """Return a connection to the checked *address*; TLS for *name* if there is one."""
    plain = socket.create_connection((address, port), timeout=wait_s)
    if not name:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=name)
    except OSError:
        plain.close()
        raise
