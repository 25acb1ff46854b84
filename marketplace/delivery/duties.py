"""Duties of buyers: tasks of the rights they hold or held, and evidence of each."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select

from listings import duties
from listings.duties import Task
from listings.files import Stored
from listings.marking import N_
from marketplace.delivery.licence import licence_of
from marketplace.delivery.tables import evidence
from marketplace.members.users import User
from settlement import clock, ids, statements
from settlement.entitlements import EntitlementEvent
from settlement.errors import Invalid, NotFound
from settlement.store import next_numbers
from settlement.tables import measures

STATEMENT_MAX = 4_000  # characters
NAME_MAX = 200


class Duty(NamedTuple):
    """One task of one right, with its evidence if there is any."""

    right: Any
    task: Task
    state: str  # done, overdue, soon, later
    shown: Any  # the row of the evidence, or None


def of_rights(db: Connection, rights: Iterable[Row[Any]], now_us: int) -> list[Duty]:
    """Return the duties of *rights*: what is overdue first, what is done last."""
    held = list(rights)
    numbers = [right.id for right in held]
    terms = statements.terms_of(db, {right.terms for right in held})
    shown = _shown(db, numbers)
    ended = _ended(db, numbers)
    found = []
    for right in held:
        facts = licence_of(terms[right.terms]).terms
        for task in duties.tasks(facts, right.from_us, _ends(right, ended), now_us):
            row = shown.get((right.id, task.kind, task.number))
            state = task.state(now_us, done=row is not None)
            found.append(Duty(right, task, state, row))
    order = ("overdue", "soon", "later", "done")
    return sorted(found, key=lambda duty: (order.index(duty.state), duty.task.due_us))


def _ends(right: Any, ended: dict[int, int]) -> int | None:
    """Return when a right ended or will end: revoked earlier, or at its term."""
    moments = [m for m in (ended.get(right.id), right.until_us) if m is not None]
    return min(moments) if moments else None


def _ended(db: Connection, rights: list[int]) -> dict[int, int]:
    """Return when the exchange revoked each of *rights* that it did."""
    query = (
        select(measures.c.entitlement, func.max(measures.c.at_us).label("at_us"))
        .where(
            measures.c.entitlement.in_(rights),
            measures.c.event == str(EntitlementEvent.REVOKE),
        )
        .group_by(measures.c.entitlement)
    )
    return {row.entitlement: row.at_us for row in db.execute(query)}


def _shown(db: Connection, rights: list[int]) -> dict[tuple[int, str, int], Row[Any]]:
    query = select(evidence).where(evidence.c.entitlement.in_(rights))
    return {(row.entitlement, row.kind, row.number): row for row in db.execute(query)}


def show(
    db: Connection,
    user: User,
    right: int,
    kind: str,
    number: int,
    statement: str,
    name: str = "",
    stored: Stored | None = None,
) -> int:
    """Enter the evidence of a duty of the user's member; its number.

    NotFound unless the right is theirs and has that duty; Invalid if it was shown
    before, or says nothing.
    """
    if not statement.strip() or len(statement) > STATEMENT_MAX:
        raise Invalid(
            {"statement": [N_("Say in 1 to 4,000 characters what was done.")]}
        )
    row = statements.entitlement(db, right, user.member)
    found = [
        duty
        for duty in of_rights(db, [row], clock.now_us())
        if (duty.task.kind, duty.task.number) == (kind, number)
    ]
    if not found:
        raise NotFound(
            "duty", f"{ids.encode('entitlement', right)}/{kind[:20]}/{number}"
        )
    if found[0].shown is not None:
        raise Invalid({"statement": [N_("This duty has its evidence already.")]})
    (made,) = next_numbers(db, evidence.c.id)
    facts = {
        "id": made,
        "entitlement": right,
        "kind": kind,
        "number": number,
        "due_us": found[0].task.due_us,
        "at_us": clock.now_us(),
        "by_user": user.id,
        "statement": statement.strip(),
        "file_name": name[:NAME_MAX] if stored else "",
        "file_sha256": stored.sha256 if stored else "",
    }
    key = stored.key if stored else ""
    more = {"storage_key": key, "sha256": digest(facts)}
    db.execute(insert(evidence).values(**facts, **more))
    return made


def digest(facts: dict[str, Any]) -> str:
    """Return the SHA-256 of evidence as canonical JSON: what its certificate states."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def destruction(db: Connection, right: int) -> Row[Any] | None:
    """Return the evidence that the data of a right was destroyed, or None."""
    return _shown(db, [right]).get((right, "delete", 1))
