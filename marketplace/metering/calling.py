"""One call: admitted, noted, forwarded, judged, noted again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote

from marketplace import outgoing
from marketplace.metering import hits
from marketplace.metering.breaker import Breaker
from marketplace.metering.forwarding import Asked, Forwarder, NoAnswer, Reply
from marketplace.metering.gate import Admitted, Gate
from marketplace.metering.meter import Answered, Begun, Meter
from marketplace.metering.repeats import Repeat, Repeats
from marketplace.metering.standing import (
    CalledTooFast,
    Facts,
    NotConnected,
    Standing,
    Taken,
    units_of,
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
        standing.take(begun.at_us)
        try:
            repeat = self._repeat(facts, wanted)
            if repeat is not None:
                return self._again(admitted, begun, repeat)
            breaker = self._breakers.setdefault(facts.product, Breaker())
            breaker.enter()
        except BaseException:
            standing.let_go()
            raise
        return self._send(admitted, begun, wanted, parts, breaker)

    def _send(
        self,
        admitted: Admitted,
        begun: Begun,
        wanted: Wanted,
        parts: SplitResult,
        breaker: Breaker,
    ) -> Given:
        facts = admitted.facts
        file, begun = self.meter.begin(begun)
        begun_s = clock.elapsed_s()
        name = f"{file.name}-{begun.number}"
        headers = self._headers(facts, wanted, name)
        asked = Asked(
            wanted.method, parts, headers, wanted.body, float(facts.endpoint.wait_s)
        )
        answered, reply, body = None, None, None
        try:
            reply = self.forwarder.send(asked)
            body = self._body(facts, reply)
            answered = self._judge(facts, reply, body, begun_s)
        except NoAnswer as failure:
            answered = Answered(None, failure.why, _since_us(begun_s), None, 0, 0, 0)
            if reply is not None:
                reply.close()
            raise ServiceFailed(failure.why, name) from None
        finally:
            answered = answered or Answered(None, "broken", 0, None, 0, 0, 0)
            breaker.leave(failed=answered.status is None or answered.status >= FAILED)
            self._note(admitted, begun, file, answered)
        self._keep(facts, wanted, reply, body, answered)
        return self._given(admitted, reply, body, name, answered)

    def _note(
        self, admitted: Admitted, begun: Begun, file: Any, answered: Answered
    ) -> None:
        place = self.meter.end(file, begun, answered)
        units = units_of(
            admitted.facts.mode, answered.counted, answered.hit, answered.records
        )
        admitted.standing.note(Taken(file.name, place, begun.period, units))

    @staticmethod
    def _body(facts: Facts, reply: Reply) -> bytes | None:
        """Read the body where what it found decides; None: it is passed in pieces."""
        looked_at = facts.endpoint.pointer or facts.mode in ("per_hit", "per_record")
        short = int(reply.headers.get("Content-Length") or hits.BODY_MAX + 1)
        if looked_at or (facts.endpoint.cache_s and short <= hits.BODY_MAX):
            return reply.read(hits.BODY_MAX)
        return None

    @staticmethod
    def _judge(
        facts: Facts, reply: Reply, body: bytes | None, begun_s: float
    ) -> Answered:
        counted = hits.is_counted(reply.status)
        hit, records = 0, 0
        if counted:
            hit, records = hits.found(reply.status, body, facts.endpoint.pointer)
        length = reply.headers.get("Content-Length")
        size = len(body) if body is not None else int(length) if length else None
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
        if body is None and (length := reply.headers.get("Content-Length")):
            headers.append(("Content-Length", length))
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
        kept = Repeat(
            *(reply.status, tuple(_passed(reply.headers)), body),
            *(answered.hit, answered.records),
        )
        self.repeats.put(_repeat_key(facts, wanted), kept, facts.endpoint.cache_s)

    def _again(self, admitted: Admitted, begun: Begun, repeat: Repeat) -> Given:
        """Give a kept answer; it counts as any other: the buyer got the data."""
        file, begun = self.meter.begin(begun)
        answered = Answered(
            *(repeat.status, "", 0, len(repeat.body), 1, repeat.hit, repeat.records, 1),
        )
        self._note(admitted, begun, file, answered)
        length = ("Content-Length", str(len(repeat.body)))
        told = _told(f"{file.name}-{begun.number}", answered)
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

    def _headers(self, facts: Facts, wanted: Wanted, name: str) -> dict[str, str]:
        made = _sent(wanted)
        made["Databourse-Call"] = name
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


def _repeat_key(facts: Facts, wanted: Wanted) -> tuple[int, str, str]:
    return facts.product, wanted.path, wanted.headers.get("Accept", "")


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
