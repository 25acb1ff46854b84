"""Questions and answers on a listing, in public (features C5)."""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from listings import catalogue, products
from listings.marking import N_
from marketplace.community.moderation import checked, row_of, written
from marketplace.community.notices import notify
from marketplace.community.tables import questions
from marketplace.members import organisations
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode

TEXT_MAX = 2_000  # characters
OPEN_MAX = 10  # unanswered ones of one member about one product

_q = questions.c


def ask(db: Connection, product: int, text: str, by: User) -> int:
    """Ask about a listing that the member may see; the question's number.

    A vendor does not ask about its own product.
    """
    found = catalogue.listing(db, product, by.member)
    if found.vendor == by.member:
        raise Invalid({"text": [N_("This is your own product.")]})
    said = checked(text, TEXT_MAX, "text")
    waiting = select(func.count()).select_from(questions)
    mine = (_q.product == product, _q.member == by.member, _q.answered_us.is_(None))
    if (db.scalar(waiting.where(*mine)) or 0) >= OPEN_MAX:
        raise Invalid({"text": [N_("Wait for the answers to your other questions.")]})
    made = db.execute(
        insert(questions)
        .values(
            product=product,
            member=by.member,
            by_user=by.id,
            text=said,
            at_us=clock.now_us(),
            answer="",
            hidden_reason="",
        )
        .returning(_q.id)
    )
    number = int(made.scalar_one())
    names = list(organisations.names(db, [by.member])[by.member])
    facts = {"member": names, "text": said[:120]}
    notify(db, [found.vendor], "question_asked", f"question {number}", product, facts)
    return number


def answer(db: Connection, question: int, text: str, by: User) -> None:
    """Answer a question about the vendor's own product, or change the answer."""
    said = checked(text, TEXT_MAX, "answer")
    row = row_of(db, questions, "question", question)
    if products.find(db, row.product).vendor != by.member:
        raise NotFound("question", encode("question", question))
    values = {"answer": said, "answered_by": by.id}
    if row.answered_us is None:
        values["answered_us"] = clock.now_us()
    db.execute(update(questions).where(_q.id == question).values(values))
    cause = f"answer {question}"
    notify(db, [row.member], "question_answered", cause, row.product)


def get(db: Connection, question: int) -> Row[Any]:
    """Return one of them; NotFound if there is none."""
    found: Row[Any] = row_of(db, questions, "question", question)
    return found


of_product = partial(written, questions)
