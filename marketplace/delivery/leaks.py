"""The leak desk: whose copy a file is that turned up where it should not (N16).

A suspect file is compared with the releases whose copies were marked, against the bits
of every buyer that holds or held such a right. Who had no part in it agrees with it as
fair coins do, so the chance to name somebody wrongly is at most the tail of a binomial
times the comparisons that were made; a buyer is named if that is no more than
FALSE_MAX. That holds for all cases of a product together, however many files are tried:
the n-th may use up a share of 1 / (n (n + 1)) of it, and all these come to one. The
file is kept, with its hash, who brought it and what came of it, signed.

What it cannot do: rows too few, numbers rounded beyond their step or made anew, keys
taken out or renamed leave nothing to compare. Buyers who mix copies are each found as
long as enough of their own rows are left. It names an account, not a person.
"""

import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select

from listings import catalogue, releases
from listings import tables as listed
from listings.cuts.chances import chance
from listings.cuts.settings import Cut, dump, load
from listings.files import FileTooLarge
from listings.quality.examination import in_child
from marketplace.delivery import shares
from marketplace.delivery.tables import leaks
from marketplace.members.users import User
from marketplace.services import Services
from settlement import clock, ids
from settlement.errors import Busy, NotFound, Refusal
from settlement.store import Page, next_numbers, page
from settlement.tables import entitlements
from settlement.tables import terms as frozen

FALSE_MAX = 1e-6  # the greatest chance at which somebody is named
FILE_MAX = 256 * 1024 * 1024  # bytes
PIECE = 2**16  # bytes
RELEASES_MAX = 10  # the newest are looked at
BUYERS_MAX = 1_000
CELLS_MIN = 40  # fewer prove nothing: 2 to the -40th, times the comparisons
WALL_S = 60.0  # of one table; then the child is killed
ALL_S = 180.0  # of one file: the newest releases come first
RATES = "20 per hour; 60 per day"  # of a member
NAME_MAX = 200  # characters, the last of a file's name
AT_ONCE = threading.BoundedSemaphore(1)
RETRY_S = 10
KIND = "leak+jwt"


@dataclass(eq=False)
class NotMarked(Refusal):
    """No copy of this product was marked: nobody can be told from its files."""

    product: str


@dataclass(eq=False)
class NoTable(Refusal):
    """This file cannot be read as a table with the marked columns and keys."""

    why: str  # a code


class Suspicion(NamedTuple):
    """A buyer and how far a file agrees with its copy."""

    member: int
    release: str  # its label
    table: str
    cells: int  # marked ones that were compared, each once
    agreed: int
    bound: float  # on the chance that it is named wrongly


class _Target(NamedTuple):
    release: str
    table: str
    version: shares.Version
    cut: Cut
    buyers: tuple[int, ...]


Result = tuple[_Target, int, list[int]]  # cells, and how many agree with each buyer


def accuse(
    parts: Services, user: User, product: int, name: str, stream: IO[bytes]
) -> int:
    """Look whose copy a file is; the number of the case, which is kept.

    NotFound unless the product is the user's or the user is of the house's staff;
    NotMarked, NoTable, FileTooLarge; Busy while another file is looked at.
    """
    name = name[-NAME_MAX:]
    with parts.reads.connect() as db:
        catalogue.product(db, product, None if user.is_staff else user.member)
        targets = _targets(db, product)
        query = select(func.count()).where(leaks.c.product == product)
        before = db.scalar(query) or 0
    if not targets:
        raise NotMarked(ids.encode("product", product))
    if not AT_ONCE.acquire(blocking=False):
        raise Busy(retry_after_s=RETRY_S)
    try:
        with TemporaryFile() as upload:  # what is refused is not kept
            _copy(stream, upload)
            results = _compare(parts, product, targets, name, upload)
            upload.seek(0)
            stored = parts.files.put(upload)
    finally:
        AT_ONCE.release()
    found = judged(results, before)
    said = {
        "iat": clock.now_us() // clock.SECOND_US,
        "product": ids.encode("product", product),
        "file_sha256": stored.sha256,
        "by": ids.encode("user", user.id),
        "false_max": FALSE_MAX,
        "found": [
            one._asdict() | {"member": ids.encode("member", one.member)}
            for one in found
        ],
    }
    token = parts.seal.sign(json.dumps(said, ensure_ascii=False), KIND)
    with parts.writes.begin() as db:
        (number,) = next_numbers(db, leaks.c.id)
        db.execute(
            insert(leaks).values(
                id=number,
                product=product,
                at_us=clock.now_us(),
                by_user=user.id,
                file_name=name,
                file_sha256=stored.sha256,
                storage_key=stored.key,
                found=json.dumps([one._asdict() for one in found]),
                token=token,
            )
        )
    return number


def of_product(
    db: Connection, product: int | None, before: int | None = None, limit: int = 20
) -> Page:
    """Return a page of the cases of a product, or of all, the newest first."""
    query = select(leaks)
    if product is not None:
        query = query.where(leaks.c.product == product)
    if before is not None:
        query = query.where(leaks.c.id < before)
    rows = db.execute(query.order_by(leaks.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)


def get(db: Connection, leak: int, product: int) -> Row[Any]:
    """Return a case of a product; NotFound if it is none."""
    query = select(leaks).where(leaks.c.id == leak, leaks.c.product == product)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("leak", ids.encode("leak", leak))
    return row


def suspicions(row: Row[Any]) -> list[Suspicion]:
    """Return what came of a case, the likeliest first."""
    return [Suspicion(**one) for one in json.loads(row.found)]


def is_marked(db: Connection, product: int) -> bool:
    """Tell whether copies of a product's tables were sold marked."""
    return any(cut.mark is not None for cut, _ in _sold(db, product))


def judged(results: list[Result], before: int = 0) -> list[Suspicion]:
    """Return the buyers whose bound is at most FALSE_MAX, each once, surest first.

    *before* are the cases of the product that went before this one.
    """
    tests = sum(len(target.buyers) for target, _, _ in results)
    tests *= (before + 1) * (before + 2)
    best: dict[int, Suspicion] = {}
    for target, cells, agreed in results:
        if cells < CELLS_MIN:
            continue
        for member, count in zip(target.buyers, agreed, strict=True):
            bound = min(1.0, tests * chance(cells, count))
            one = Suspicion(
                *(member, target.release, target.table, cells, count, bound)
            )
            if bound <= FALSE_MAX and (
                member not in best or bound < best[member].bound
            ):
                best[member] = one
    return sorted(best.values(), key=lambda one: (one.bound, one.member))


def _sold(db: Connection, product: int) -> list[tuple[Cut, int]]:
    """Return the cuts that rights in a product have or had, each with its holder."""
    i = listed.instruments.c
    query = (
        select(frozen.c.body, entitlements.c.holder)
        .join(entitlements, entitlements.c.terms == frozen.c.id)
        .where(entitlements.c.instrument.in_(select(i.id).where(i.product == product)))
        .where(frozen.c.body.contains('"cut":', autoescape=True))
        .order_by(entitlements.c.id.desc())
        .limit(BUYERS_MAX)
    )
    found = []
    for body, holder in db.execute(query):
        said = json.loads(body).get("cut")
        if said is not None:
            found.append((load(said), holder))
    return found


def _targets(db: Connection, product: int) -> list[_Target]:
    """Return the tables to compare with, under each way to mark, and the buyers."""
    marks: dict[Any, set[int]] = {}
    for cut, holder in _sold(db, product):
        if cut.mark is not None:
            marks.setdefault(cut.mark, set()).add(holder)
    final = [r for r in releases.of_product(db, product) if r.finalised_us is not None]
    newest = sorted(final, key=lambda one: -one.id)[:RELEASES_MAX]
    return [
        _Target(one.label, name, version, Cut(mark=mark), tuple(sorted(buyers)))
        for one in newest
        for name, version in shares.tables_in(db, one)
        for mark, buyers in marks.items()
    ]


def _copy(stream: IO[bytes], upload: IO[bytes]) -> None:
    while piece := stream.read(PIECE):
        upload.write(piece)
        if upload.tell() > FILE_MAX:
            raise FileTooLarge(FILE_MAX)
    upload.seek(0)


def _compare(
    parts: Services,
    product: int,
    targets: list[_Target],
    name: str,
    upload: BinaryIO,
) -> list[Result]:
    """Return what was counted of each table until the time was up; NoTable if none."""
    end_s = clock.elapsed_s() + ALL_S
    with ExitStack() as stack:
        run = in_child("prepare", upload, name, wall_s=WALL_S)
        scratch, report = stack.enter_context(run)
        stops = [p for p in report["problems"] if p["severity"] == "stop"]
        if stops or not report["tables"]:
            raise NoTable(stops[0]["code"] if stops else "no_table")
        suspect = stack.enter_context(Path(scratch, "0.parquet").open("rb"))
        results: list[Result] = []
        problem = "no_column"
        for target in targets:
            if clock.elapsed_s() > end_s:
                problem = "too_slow"
                break
            said = _run(parts, product, target, suspect)
            if said["problem"]:
                problem = said["problem"]
                continue
            results.append((target, said["cells"], said["agreed"]))
        if not results:
            raise NoTable(problem)
    return results


def _run(
    parts: Services, product: int, target: _Target, suspect: IO[bytes]
) -> dict[str, Any]:
    """Return what the child counted of one table."""
    prepared = target.version.prepared(parts)
    with ExitStack() as stack:
        original = stack.enter_context(parts.files.open(prepared.key))
        asked = {
            "mark_secret": shares.secrets_of(parts, product, 0).mark_secret,
            "original": f"/dev/fd/{original.fileno()}",
            "suspect": f"/dev/fd/{suspect.fileno()}",
            "cut": dump(target.cut),
            "buyers": target.buyers,
        }
        request = stack.enter_context(TemporaryFile())
        request.write(json.dumps(asked, ensure_ascii=False).encode())
        request.seek(0)
        numbers = original.fileno(), suspect.fileno()
        run = in_child("leak", request, "", *numbers, wall_s=WALL_S)
        _, report = stack.enter_context(run)
        stops = [each["code"] for each in report.get("problems", ())]
        return {"problem": stops[0]} if stops else report
