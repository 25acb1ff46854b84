"""One call: admitted, noted, forwarded, judged, noted again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote

from marketplace import outgoing
from marketplace.metering import hits
from marketplace.metering.attempts import Attempt
from marketplace.metering.breaker import Breaker
from marketplace.metering.forwarding import Asked, Forwarder, NoAnswer, Reply
from marketplace.metering.gate import Admitted, Gate
from marketplace.metering.meter import Answered, Begun, Meter
from marketplace.metering.repeats import Key, Repeat, Repeats
from marketplace.metering.standing import (
    CalledTooFast,
    Facts,
    NotConnected,
    Standing,
)
from marketplace.outgoing import NotReachable
from marketplace.vault import Vault
from settlement import clock, ids
from settlement.errors import NotFound, Refusal

LOOK_S = 0.4  # how often an answer under way looks whether its right goes on
PATH_MAX = 2_000  # characters, with what is asked
NOTED_MAX = 200  # of a path
TESTS_MAX = 5  # calls of a sandbox in a second
FAILED = 500
LENGTH_MAX = 15  # digits of the length of an answer
TOO_LONG = "too_long"  # why there is no answer: its records cannot be counted
# What kept answers are told apart by; one that depends on more is not kept.
VARIES = frozenset({"accept", "accept-language", "accept-encoding"})
# What is handed on of a request, and of an answer; the rest stays between the two.
SENT = ("Accept", "Accept-Language", "Content-Type", "If-None-Match")
PASSED = (
    "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition",
    "ETag", "Last-Modified", "Cache-Control", "Retry-After",
)  # fmt: skip


@dataclass(eq=False)
class ServiceFailed(Refusal):
    """The vendor's service gave no answer; the call costs nothing."""

    why: str
    call: str


class Wanted(NamedTuple):
    """What a buyer's program asks of the service."""

    method: str
    path: str  # after the right, with its query
    headers: Mapping[str, str]
    body: bytes


class Given(NamedTuple):
    """What it gets: the status, headers, and the body in pieces."""

    status: int
    headers: list[tuple[str, str]]
    pieces: Iterator[bytes]


class Caller:
    """Makes calls in one process."""

    def __init__(
        self, gate: Gate, meter: Meter, vault: Vault, reachable: tuple[str, ...] = ()
    ) -> None:
        """Note in *meter*; *reachable* as `outgoing` has it."""
        self.gate, self.meter, self.vault = gate, meter, vault
        self.forwarder = Forwarder(reachable)
        self.repeats = Repeats()
        self._breakers: dict[int, Breaker] = {}
        self._secrets: dict[str, str] = {}
        self._parts: dict[str, SplitResult] = {}
        self._tests: dict[int, tuple[int, int]] = {}

    def call(self, admitted: Admitted, wanted: Wanted) -> Given:
        """Make one call; ServiceFailed, or what keeps it from being made."""
        facts, standing = admitted.facts, admitted.standing
        if admitted.key.row.test:
            return self._test(admitted, wanted)
        parts = self._address(facts.endpoint.url, wanted.path)
        begun = Begun(
            *(0, facts.right.id, facts.product, admitted.key.row.id, facts.period),
            *(clock.now_us(), wanted.method, wanted.path.partition("?")[0][:NOTED_MAX]),
        )
        standing.take(facts, begun.at_us)
        with Attempt(self.meter, admitted, begun) as attempt:
            repeat = self._repeat(facts, wanted)
            if repeat is not None:
                return self._again(attempt, repeat)
            headers = self._headers(facts, wanted)
            breaker = self._breakers.setdefault(facts.product, Breaker())
            breaker.enter()
            try:
                return self._send(attempt, wanted, parts, headers)
            finally:
                breaker.leave(failed=attempt.failed)

    def _send(
        self,
        attempt: Attempt,
        wanted: Wanted,
        parts: SplitResult,
        headers: dict[str, str],
    ) -> Given:
        facts = attempt.admitted.facts
        name = headers["Databourse-Call"] = attempt.begin()
        begun_s = clock.elapsed_s()
        asked = Asked(
            wanted.method, parts, headers, wanted.body, float(facts.endpoint.wait_s)
        )
        reply = None
        try:
            reply = self.forwarder.send(asked)
            attempt.failed = reply.status >= FAILED
            body = self._body(facts, reply)
            answered = self._judge(facts, reply, body, begun_s)
            attempt.reserve(answered)
            attempt.end(answered)
            self._keep(facts, wanted, reply, body, answered)
            return self._given(attempt.admitted, reply, body, name, answered)
        except BaseException as problem:
            if reply is not None:
                reply.close()
            if isinstance(problem, NoAnswer):
                attempt.failed = problem.why != TOO_LONG
                attempt.end(_unanswered(problem.why, begun_s))
                raise ServiceFailed(problem.why, name) from None
            if isinstance(problem, Refusal):  # the answer is more than can be paid
                attempt.end(_unanswered(problem.code, begun_s))
            raise

    @staticmethod
    def _body(facts: Facts, reply: Reply) -> bytes | None:
        """Read the body where what it found decides; None: it is passed in pieces.

        NoAnswer where records are charged and there are too many to be counted.
        """
        looked_at = facts.endpoint.pointer or facts.mode in ("per_hit", "per_record")
        length = _length(reply)
        short = length is not None and length <= hits.BODY_MAX
        if not looked_at and not (facts.endpoint.cache_s and short):
            return None
        body = reply.read(hits.BODY_MAX)
        if body is None and facts.mode == "per_record" and reply.status in hits.FOUND:
            raise NoAnswer(TOO_LONG)
        return body

    @staticmethod
    def _judge(
        facts: Facts, reply: Reply, body: bytes | None, begun_s: float
    ) -> Answered:
        counted = hits.is_counted(reply.status)
        hit, records = 0, 0
        if counted:
            hit, records = hits.found(reply.status, body, facts.endpoint.pointer)
        size = len(body) if body is not None else _length(reply)
        took_us = _since_us(begun_s)
        return Answered(reply.status, "", took_us, size, int(counted), hit, records)

    def _given(
        self,
        admitted: Admitted,
        reply: Reply,
        body: bytes | None,
        name: str,
        answered: Answered,
    ) -> Given:
        headers = _passed(reply.headers)
        if body is None and (length := _length(reply)) is not None:
            headers.append(("Content-Length", str(length)))
        elif body is not None:
            headers.append(("Content-Length", str(len(body))))
            reply.close()
        headers += _told(name, answered)
        pieces = iter((body,)) if body is not None else self._pieces(admitted, reply)
        return Given(reply.status, headers, pieces)

    def _pieces(self, admitted: Admitted, reply: Reply) -> Iterator[bytes]:
        """Yield an answer in pieces until it or the right ends (invariant E2)."""
        looked_s = clock.elapsed_s()
        try:
            for piece in reply.pieces():
                yield piece
                if clock.elapsed_s() - looked_s >= LOOK_S:
                    looked_s = clock.elapsed_s()
                    self.gate.look(admitted.standing, admitted.key.row.prefix)
        except (Refusal, OSError, HTTPException, ValueError):
            return
        finally:
            reply.close()

    # ── repeated answers ──

    def _repeat(self, facts: Facts, wanted: Wanted) -> Repeat | None:
        if not _repeatable(facts, wanted):
            return None
        return self.repeats.get(_repeat_key(facts, wanted))

    def _keep(
        self,
        facts: Facts,
        wanted: Wanted,
        reply: Reply,
        body: bytes | None,
        answered: Answered,
    ) -> None:
        if body is None or reply.status not in hits.FOUND:
            return
        said = (reply.headers.get("Cache-Control") or "").lower()
        if not _repeatable(facts, wanted) or "no-store" in said or "private" in said:
            return
        varies = (reply.headers.get("Vary") or "").lower().replace(",", " ").split()
        if not VARIES.issuperset(varies):
            return
        kept = Repeat(
            *(reply.status, tuple(_passed(reply.headers)), body),
            *(answered.hit, answered.records),
        )
        self.repeats.put(_repeat_key(facts, wanted), kept, facts.endpoint.cache_s)

    @staticmethod
    def _again(attempt: Attempt, repeat: Repeat) -> Given:
        """Give a kept answer; it counts as any other: the buyer got the data."""
        answered = Answered(
            *(repeat.status, "", 0, len(repeat.body), 1, repeat.hit, repeat.records, 1),
        )
        attempt.reserve(answered)
        name = attempt.begin()
        attempt.end(answered)
        length = ("Content-Length", str(len(repeat.body)))
        told = _told(name, answered)
        return Given(
            repeat.status, [*repeat.headers, length, *told], iter((repeat.body,))
        )

    # ── the sandbox ──

    def rehearse(self, entitlement: int, prefix: str, wanted: Wanted) -> Given:
        """Ask the sandbox for whoever holds the key with *prefix*; counts nothing."""
        standing = Standing(entitlement)
        facts = self.gate.look(standing, prefix)
        return self._test(Admitted(facts.keys[prefix], standing, facts), wanted)

    def _test(self, admitted: Admitted, wanted: Wanted) -> Given:
        """Ask the sandbox, or give the listing's sample; counted for nothing."""
        facts = admitted.facts
        second = clock.now_us() // clock.SECOND_US
        before = self._tests.get(facts.right.id, (0, 0))
        made = before[1] if before[0] == second else 0
        if made >= TESTS_MAX:
            raise CalledTooFast("second", TESTS_MAX, 1)
        self._tests[facts.right.id] = (second, made + 1)
        if not facts.endpoint.sandbox_url:
            body = sample_of(facts.sample)
            kind = ("Content-Type", "application/json; charset=utf-8")
            length = ("Content-Length", str(len(body)))
            headers = [kind, length, ("Databourse-Test", "sample")]
            return Given(200, headers, iter((body,)))
        parts = self._address(facts.endpoint.sandbox_url, wanted.path)
        headers_sent = _sent(wanted)
        try:
            reply = self.forwarder.send(
                Asked(
                    *(wanted.method, parts, headers_sent, wanted.body),
                    float(facts.endpoint.wait_s),
                )
            )
        except NoAnswer as failure:
            raise ServiceFailed(failure.why, "") from None
        headers = [*_passed(reply.headers), ("Databourse-Test", "sandbox")]
        return Given(reply.status, headers, self._pieces(admitted, reply))

    # ── what is sent ──

    def _address(self, url: str, path: str) -> SplitResult:
        """Return where a call goes: below the vendor's address, never beside it."""
        base = self._parts.get(url)
        if base is None:
            try:
                base = outgoing.checked(url, self.forwarder.reachable)
            except NotReachable:
                raise NotConnected from None
            self._parts[url] = base
        rest, _, query = path.partition("?")
        steps = unquote(rest).replace("\\", "/").split("/")
        if len(path) > PATH_MAX or ".." in steps or "." in steps or "#" in path:
            raise NotFound("path", path[:80])
        if not path.isascii() or not path.isprintable() or " " in path:
            raise NotFound("path", path[:80])
        joined = base.path.rstrip("/") + ("/" + rest if rest else "")
        return base._replace(path=joined or "/", query=query)

    def _headers(self, facts: Facts, wanted: Wanted) -> dict[str, str]:
        made = _sent(wanted)
        made["Databourse-Member"] = ids.encode("member", facts.right.holder)
        sealed = facts.endpoint.sealed
        if sealed:
            if sealed not in self._secrets:
                self._secrets[sealed] = self.vault.unlock(sealed)
            made[facts.endpoint.header] = self._secrets[sealed]
        return made


def sample_of(text: str) -> bytes:
    """Return a listing's sample as a service would answer it: a list of objects."""
    said = json.loads(text)
    rows: list[Any] = []
    if isinstance(said, dict) and isinstance(said.get("rows"), list):
        names = [c["name"] if isinstance(c, dict) else c for c in said["columns"]]
        rows = [dict(zip(names, row, strict=False)) for row in said["rows"]]
    elif isinstance(said, dict) and "text" in said:
        rows = [{"text": said["text"]}]
    return json.dumps(rows, ensure_ascii=False).encode()


def _repeatable(facts: Facts, wanted: Wanted) -> bool:
    return bool(facts.endpoint.cache_s) and facts.keeps and wanted.method == "GET"


def _repeat_key(facts: Facts, wanted: Wanted) -> Key:
    said = wanted.headers
    asked = wanted.path, said.get("Accept", ""), said.get("Accept-Language", "")
    return facts.product, facts.endpoint.changed_us, *asked


def _length(reply: Reply) -> int | None:
    """Return how long an answer says that it is; None if it does not, or oddly."""
    said = reply.headers.get("Content-Length") or ""
    fine = said.isascii() and said.isdigit() and len(said) <= LENGTH_MAX
    return int(said) if fine else None


def _unanswered(why: str, begun_s: float) -> Answered:
    return Answered(None, why, _since_us(begun_s), None, 0, 0, 0)


def _sent(wanted: Wanted) -> dict[str, str]:
    made = {"User-Agent": "Databourse", "Accept-Encoding": "identity"}
    return made | {n: wanted.headers[n] for n in SENT if n in wanted.headers}


def _passed(headers: Any) -> list[tuple[str, str]]:
    return [(name, headers[name]) for name in PASSED if headers[name] is not None]


def _told(name: str, answered: Answered) -> list[tuple[str, str]]:
    return [
        ("Databourse-Call", name),
        ("Databourse-Counted", str(answered.counted)),
        ("Databourse-Repeated", str(answered.repeated)),
    ]


def _since_us(begun_s: float) -> int:
    return int((clock.elapsed_s() - begun_s) * clock.SECOND_US)
