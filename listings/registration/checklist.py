"""The checklist of lawful source and tradability: each line is a recorded decision.

No staff can register a product while a line is open or failed: 数据安全法 art. 33
and 47 make the exchange answer for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from listings import products, tables
from listings.marking import N_
from listings.stages import PRODUCT, ProductEvent, ProductState
from listings.steps import REASON_MAX, By, others, record
from listings.vocabulary import Name
from settlement.errors import IllegalMove, Refusal

VERDICTS = ("pass", "fail")


class Line(NamedTuple):
    """One question of the checklist, and where the law asks it."""

    question: Name
    rule: str


LINES = {
    "identity": Line(
        Name("供方身份已核验", "The vendor's identity is verified"), "数据安全法 §33"
    ),
    "source": Line(
        Name(
            "来源说明清楚、可信，并有证明文件",
            "The source is stated plainly, credibly, and with evidence",
        ),
        "数据安全法 §33",
    ),
    "lawful": Line(
        Name("取得方式合法、正当", "The data was obtained lawfully"),
        "数据安全法 §32",
    ),
    "state_security": Line(
        Name(
            "不危害国家安全和社会公共利益",
            "It harms neither state security nor the public interest",
        ),
        "上海市数据条例 §55(1)",
    ),
    "privacy": Line(
        Name(
            "不侵害他人隐私；个人信息有授权",
            "It harms nobody's privacy; personal information has consent",
        ),
        "上海市数据条例 §55(1), 个人信息保护法 §23",
    ),
    "consent": Line(
        Name("已获合法权利人授权", "The lawful holders have agreed"),
        "上海市数据条例 §55(2)",
    ),
    "public_data": Line(
        Name(
            "不含未依法开放的公共数据",
            "It holds no public data that was not lawfully opened",
        ),
        "深圳经济特区数据条例 §67",
    ),
    "not_forbidden": Line(
        Name("不属于法律、行政法规禁止交易的情形", "No other law forbids to trade it"),
        "上海市数据条例 §55(3)",
    ),
    "scene": Line(
        Name("使用目的与应用场景明确", "Purpose and scene are plain"),
        "无场景不登记",
    ),
    "sensitivity": Line(
        Name("数据分级恰当", "The class of sensitivity is right"),
        "数据安全法 §21",
    ),
}


class Check(NamedTuple):
    """The newest decision on a line."""

    verdict: str  # pass or fail
    note: str
    by_user: int
    at_us: int


@dataclass(eq=False)
class ChecklistOpen(Refusal):
    """Every line of the checklist must be reviewed and passed first."""

    lines: list[str]


def decide(
    db: Connection, product: int, verdicts: Mapping[str, tuple[str, str]], by: By
) -> None:
    """Record decisions on lines: line → (verdict, note); a failed line needs a note.

    Only while the product is in review, and never on one's own.
    """
    row = others(db, product, by)
    if row.state != ProductState.IN_REVIEW:
        raise IllegalMove(PRODUCT.name, row.state, ProductEvent.APPROVE.value)
    problems: dict[str, list[str]] = {}
    for line, (verdict, note) in verdicts.items():
        if line not in LINES or verdict not in VERDICTS:
            problems[f"check_{line}"] = [N_("Choose one of the list.")]
        elif len(note) > REASON_MAX or (verdict == "fail" and not note.strip()):
            problems[f"check_{line}"] = [
                N_("Say what is wrong, in at most 2,000 characters.")
            ]
    if not verdicts:
        problems["checks"] = [N_("Decide on at least one line.")]
    products.refuse(problems)
    known = of_version(db, product, row.version)
    for line, (verdict, note) in verdicts.items():
        said = note.strip()
        before = known.get(line)
        if before is None or (before.verdict, before.note) != (verdict, said):
            record(db, row, "check", verdict, line, by, {line: said} if said else {})


def of_version(db: Connection, product: int, version: int) -> dict[str, Check]:
    """Return the newest decision on each line about a version of a product."""
    r = tables.reviews
    query = select(r.c.state, r.c.event, r.c.reasons, r.c.by_user, r.c.at_us).where(
        r.c.product == product, r.c.version == version, r.c.machine == "check"
    )
    return {
        line: Check(verdict, _note(reasons, line), by, at)
        for line, verdict, reasons, by, at in db.execute(query.order_by(r.c.id))
    }


def require(db: Connection, product: int, version: int) -> None:
    """Refuse with ChecklistOpen unless every line of this version has passed."""
    known = of_version(db, product, version)
    unpassed = [c for c in LINES if c not in known or known[c].verdict != "pass"]
    if unpassed:
        raise ChecklistOpen(unpassed)


def _note(reasons: str, line: str) -> str:
    return str(products.loads(reasons).get(line, ""))
