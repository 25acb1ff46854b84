"""What a notice says and where it leads, for the one who reads it."""

from collections.abc import Iterable
from typing import NamedTuple

from flask import url_for
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue
from marketplace.community.notices import KINDS, Notice
from marketplace.language import language
from settlement import ids


class Said(NamedTuple):
    """A notice as it is shown."""

    id: int
    kind: str
    text: str
    href: str | None  # a path of this site
    at_us: int
    is_read: bool


def said(db: Connection, notices: Iterable[Notice], viewer: int) -> list[Said]:
    """Return *notices* as sentences in the language of the request."""
    told = list(notices)
    known = catalogue.summaries(db, {n.product for n in told if n.product}, viewer)
    return [_said(notice, known.get(notice.product or 0)) for notice in told]


def _said(notice: Notice, product: catalogue.Summary | None) -> Said:
    title = product.title(language()) if product else gettext("a product")
    facts = {"title": title} | {k: v for k, v in notice.facts.items() if k != "href"}
    for name in ("member", "name"):  # in both languages: (Chinese, English)
        if isinstance(facts.get(name), list):
            facts[name] = catalogue.either(facts[name][0], facts[name][1], language())
    href = notice.facts.get("href")
    if href is None and product is not None:
        number = ids.encode("product", product.id)
        href = url_for("listings.show", product=number)
    return Said(
        notice.id,
        notice.kind,
        str(gettext(KINDS[notice.kind], **facts)),
        href,
        notice.at_us,
        notice.read_us is not None,
    )
