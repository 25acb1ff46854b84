"""Fits: how offered data would match what a buyer has, told before anything is paid.

What the buyer brings is a table of a right of its own or a file, which is not kept;
both sides are compared in a confined child (features N6, N7), which answers for one key
in four wrongly, always for the same ones: asking again, with other rows or from another
account tells no more of a key. What is told is coarse besides, and blurred by a secret
that goes with the very data brought. It is signed, so that it can be shown to others,
and limited in number.
"""

import hashlib
import hmac
import json
import math
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from listings import catalogue
from listings.fitting import estimates, settings
from listings.fitting.estimates import Estimate
from listings.fitting.settings import Comparable
from listings.marking import N_
from listings.quality.examination import in_child
from marketplace.delivery import files, roomsettings, shares
from marketplace.delivery.tables import fits
from marketplace.members.tables import members
from marketplace.members.users import User
from marketplace.seal import Seal
from marketplace.services import Services
from settlement import clock, ids, statements
from settlement.errors import Busy, Forbidden, Invalid, Refusal
from settlement.statistics.tape import ZONE_US
from settlement.store import Page, next_numbers, page

DAY_MAX = 10  # of one member with one product
UPLOAD_MAX = 20 * 1024 * 1024  # bytes
NAME_MAX = 200  # characters, the last of a file's name
KEYS_MIN = 50  # on either side; fewer would tell of single rows
STEP = 5  # points of a percentage that are told apart
WALL_S = 10.0
AT_ONCE = threading.BoundedSemaphore(1)
RETRY_S = 5
KIND = "fit+jwt"
UNANSWERED = "unanswered"
OFFERED, HELD, BOTH, EXPLAINED = "overlap", "match", "coverage", "explained"
SURE = 1.96  # standard errors on either side: 95 %


@dataclass(eq=False)
class NotComparable(Refusal):
    """The vendor does not let this product be compared before it is bought."""

    product: str


@dataclass(eq=False)
class TooManyFits(Refusal):
    """This product was compared as often as it may be in a day; come back tomorrow."""

    maximum: int
    retry_after_s: int


@dataclass(eq=False)
class NoFit(Refusal):
    """These two tables cannot be compared; the reason is given."""

    why: str  # a code


class Brought(NamedTuple):
    """What a buyer compares with: columns of a table of a right, or of a file."""

    keys: tuple[str, ...]
    target: str = ""
    measure: str = ""  # of the offered data, which the target is tried against
    entitlement: int | None = None
    table: str = ""
    file: tuple[str, IO[bytes]] | None = None  # its name and content


class Figure(NamedTuple):
    """A share in percent, and by how many points the true one may differ."""

    name: str  # overlap, match, coverage, explained
    percent: int
    margin: int


class Fit(NamedTuple):
    """An answer: its number, its figures, and the same signed."""

    id: int
    figures: tuple[Figure, ...]
    token: str


def allow(db: Connection, user: User, product: int, wanted: Comparable | None) -> None:
    """Let a product of the user's be compared, or no more; NotFound, Invalid."""
    catalogue.product(db, product, user.member)
    tables = [name for name, _ in roomsettings.newest(db, product)]
    if wanted is not None and wanted.table not in tables:
        raise Invalid({"table": [N_("Choose one of the list.")]})
    settings.put(db, product, user.id, wanted)


def compare(parts: Services, user: User, product: int, brought: Brought) -> Fit:
    """Compare what a user brings with a product on the market.

    NotComparable unless its vendor allows it, Forbidden for whom is not verified or
    the vendor itself, TooManyFits above DAY_MAX, NoFit for what cannot be compared.
    """
    with parts.reads.connect() as db:
        listing = catalogue.listing(db, product, user.member)
        allowed = settings.of_product(db, product)
        tables = dict(roomsettings.newest(db, product))
    if user.state != "verified" or listing.vendor == user.member:
        raise Forbidden("verified")
    if allowed is None or allowed.table not in tables:
        raise NotComparable(ids.encode("product", product))
    _check(allowed, brought)
    offered = tables[allowed.table]
    number = _begin(parts, user, product, offered.release.id, brought.measure)
    try:
        prepared = offered.prepared(parts)
        with ExitStack() as stack:
            held, digest = stack.enter_context(_held(parts, user, brought))
            content = stack.enter_context(parts.files.open(prepared.key))
            said = _run(parts, product, allowed, brought, content, held)
        figures = told(said, _blur(parts, product, prepared.key, brought, digest))
    except Refusal as refusal:
        why = refusal.why if isinstance(refusal, NoFit) else refusal.code
        _end(parts, number, why=why)
        raise
    claims = {
        "jti": ids.encode("fit", number),
        "iat": clock.now_us() // clock.SECOND_US,
        "sub": ids.encode("member", user.member),
        "product": ids.encode("product", product),
        "release": ids.encode("release", offered.release.id),
        "table": allowed.table,
        "keys": list(allowed.keys),
        "brought_sha256": digest,
        "measure": brought.measure,
        "figures": [figure._asdict() for figure in figures],
    }
    token = parts.seal.sign(json.dumps(claims, ensure_ascii=False), KIND)
    text = json.dumps([figure._asdict() for figure in figures])
    _end(parts, number, why="", figures=text, token=token)
    return Fit(number, figures, token)


def told(said: dict[str, Any], blur: bytes) -> tuple[Figure, ...]:
    """Return the figures that counts come to; NoFit where too little was looked at."""
    if said["problem"]:
        raise NoFit(said["problem"])
    if min(said["offered"], said["held"]) < KEYS_MIN:
        raise NoFit("too_few")
    both = estimates.matched(said["held"], said["seen"])
    found = [
        _coarse(OFFERED, estimates.share(both, said["offered"]), blur),
        _coarse(HELD, estimates.share(both, said["held"]), blur),
    ]
    if said["measured"]:
        if both.value < KEYS_MIN:
            raise NoFit("too_few_pairs")
        full = said["full"] / said["offered"]
        there = estimates.coverage(both, said["seen"], said["filled"], full)
        found.append(_coarse(BOTH, there, blur))
    if said["targeted"]:
        if said["pairs"] < KEYS_MIN * (1 + _part(EXPLAINED, blur)):
            raise NoFit("too_few_pairs")
        ratio = estimates.explained(said["pairs"], said["r2"] or 0.0)
        found.append(_coarse(EXPLAINED, ratio, blur))
    return tuple(found)


def verified(seal: Seal, token: str) -> dict[str, Any] | None:
    """Return what a signed fit says; None if the exchange did not sign it."""
    content = seal.content(token, KIND)
    return None if content is None else dict(json.loads(content))


def of_member(db: Connection, member: int, product: int) -> list[Row[Any]]:
    """Return the last fits of a member with a product, the newest first."""
    f = fits.c
    query = select(fits).where(f.member == member, f.product == product)
    return list(db.execute(query.order_by(f.id.desc()).limit(DAY_MAX)))


def of_product(
    db: Connection, product: int, before: int | None = None, limit: int = 20
) -> Page:
    """Return a page of the fits with a product, and who asked, for its vendor."""
    query = (
        select(fits, members.c.name_zh, members.c.name_en)
        .join(members, members.c.id == fits.c.member)
        .where(fits.c.product == product)
    )
    if before is not None:
        query = query.where(fits.c.id < before)
    rows = db.execute(query.order_by(fits.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)


def figures_of(row: Row[Any]) -> tuple[Figure, ...]:
    """Return the figures of a fit in the log."""
    return tuple(Figure(**figure) for figure in json.loads(row.figures))


def _check(allowed: Comparable, brought: Brought) -> None:
    """Refuse columns that the vendor did not allow, or do not pair with its keys."""
    problems: dict[str, list[str]] = {}
    if len(brought.keys) != len(allowed.keys):
        problems["keys"] = [N_("Name one of your columns for each key, in its order.")]
    if brought.measure and brought.measure not in allowed.measures:
        problems["measure"] = [N_("Choose one of the list.")]
    if brought.target and not brought.measure:
        problems["measure"] = [N_("Choose what your target is tried against.")]
    if (brought.file is None) == (brought.entitlement is None):
        problems["file"] = [N_("Bring a file, or name one of your rights.")]
    if problems:
        raise Invalid(problems)


@contextmanager
def _held(
    parts: Services, user: User, brought: Brought
) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the buyer's table as Parquet, and the hash of what it was made of."""
    if brought.entitlement is not None:
        with parts.reads.connect() as db:
            right = statements.entitlement(db, brought.entitlement, user.member)
            files.permit(db, user, right)
            version = shares.table(db, right, brought.table).at()
        prepared = version.prepared(parts)
        with parts.files.open(prepared.key) as content:
            yield content, version.file.sha256
        return
    assert brought.file is not None
    name, stream = brought.file
    with TemporaryFile() as upload:
        digest = hashlib.sha256()
        while piece := stream.read(2**16):
            digest.update(piece)
            upload.write(piece)
            if upload.tell() > UPLOAD_MAX:
                raise NoFit("too_large")
        upload.seek(0)
        with in_child("prepare", upload, name[-NAME_MAX:], wall_s=WALL_S) as (
            scratch,
            report,
        ):
            stops = [p for p in report["problems"] if p["severity"] == "stop"]
            if stops or not report["tables"]:
                raise NoFit(stops[0]["code"] if stops else "no_table")
            with Path(scratch, "0.parquet").open("rb") as content:
                yield content, digest.hexdigest()


def _run(
    parts: Services,
    product: int,
    allowed: Comparable,
    brought: Brought,
    offered: IO[bytes],
    held: IO[bytes],
) -> dict[str, Any]:
    """Return what the child counted, and what it was asked for."""
    said = {
        "salt": _secret(parts, "salt", product).hex(),
        "offered": {
            "path": f"/dev/fd/{offered.fileno()}",
            "keys": allowed.keys,
            "measure": brought.measure,
        },
        "held": {
            "path": f"/dev/fd/{held.fileno()}",
            "keys": brought.keys,
            "measure": brought.target,
        },
    }
    if not AT_ONCE.acquire(blocking=False):
        raise Busy(retry_after_s=RETRY_S)
    try:
        with TemporaryFile() as request:
            request.write(json.dumps(said, ensure_ascii=False).encode())
            request.seek(0)
            numbers = offered.fileno(), held.fileno()
            run = in_child("fit", request, "", *numbers, wall_s=WALL_S)
            with run as (_, report):
                stops = [each["code"] for each in report.get("problems", ())]
                found = {"problem": stops[0]} if stops else report
    finally:
        AT_ONCE.release()
    wanted = {"measured": bool(brought.measure), "targeted": bool(brought.target)}
    return found | wanted


def _coarse(name: str, found: Estimate, blur: bytes) -> Figure:
    """Return a share in steps, whose edges nobody knows, with its margin."""
    percent = STEP * math.floor(100 * found.value / STEP + _part(name, blur))
    margin = STEP + math.ceil(100 * SURE * found.error)
    return Figure(name, min(100, percent), min(100, margin))


def _part(name: str, blur: bytes) -> float:
    """Return a number from 0 to below 1 that nobody can foretell."""
    digest = hmac.digest(blur, name.encode(), "sha256")
    return int.from_bytes(digest[:4], "big") / 2**32


def _blur(
    parts: Services, product: int, key: str, brought: Brought, digest: str
) -> bytes:
    """Return what blurs a figure: the same again for the same data on both sides."""
    columns = "\n".join((*brought.keys, brought.target, brought.measure))
    secret = _secret(parts, "blur", product)
    return hmac.digest(secret, f"{key}\n{digest}\n{columns}".encode(), "sha256")


def _secret(parts: Services, use: str, product: int) -> bytes:
    return parts.vault.derive(f"fit {use} {product}")


def _begin(
    parts: Services, user: User, product: int, release: int, measure: str
) -> int:
    """Write a comparison down before it is made, if there may be one more today."""
    now_us = clock.now_us()
    day_us = (now_us + ZONE_US) // clock.DAY_US * clock.DAY_US - ZONE_US
    f = fits.c
    made = select(func.count()).where(
        f.member == user.member, f.product == product, f.at_us >= day_us
    )
    with parts.writes.begin() as db:
        (number,) = next_numbers(db, f.id)
        if (db.scalar(made) or 0) >= DAY_MAX:
            left_us = day_us + clock.DAY_US - now_us
            raise TooManyFits(DAY_MAX, left_us // clock.SECOND_US + 1)
        db.execute(
            insert(fits).values(
                id=number,
                product=product,
                release=release,
                member=user.member,
                user=user.id,
                at_us=now_us,
                measure=measure,
                why=UNANSWERED,
                figures="[]",
                token="",
            )
        )
    return number


def _end(parts: Services, number: int, **outcome: str) -> None:
    with parts.writes.begin() as db:
        db.execute(update(fits).where(fits.c.id == number).values(outcome))


def readable(db: Connection, user: User) -> list[tuple[Row[Any], list[str]]]:
    """Return the user's rights in force that open tables, with the tables' names."""
    found = []
    for right in statements.entitlements_of(db, user.member).rows:
        if files.is_in_force(right):
            names = [table.name for table in shares.shared(db, right)]
            if names:
                found.append((right, names))
    return found
