"""The licence composer: choices give the text in two languages, the facts, the hash.

The same choices under the same name always give the same text; a text in use never
changes, so what a vendor changes becomes the next version. Clauses after the model
contract for providing data (NDA and SAMR, 2025): grant, use, limits, duties, end.
"""

from collections.abc import Container
from typing import NamedTuple

from sqlalchemy import Connection

from listings import licences
from listings.licences import EXCLUSIVITY, PURPOSES, USES, Licence, Terms
from listings.marking import N_
from listings.vocabulary import SECTORS, WORLD, Name, regions
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.store import in_turn

TITLE_MAX = 120  # characters
OWN_MAX = 100  # licences of a vendor
VERSIONS_MAX = 100
DAYS_MAX = 36_525
VOLUME_MAX = 1_000_000_000
RETENTION = {
    "keep": Name("期满后可保留", "May be kept after the end"),
    "delete": Name("期满后删除", "Deleted after the end"),
}
DERIVATION = {
    "none": Name("不得制作", "None"),
    "internal": Name("仅限内部", "For internal use"),
    "any": Name("可对外提供", "May be offered to others"),
}


class Clause(NamedTuple):
    """One clause: its heading and its text, in both languages."""

    head: Name
    text: Name


def compose(code: str, version: str, title: Name, terms: Terms) -> Licence:
    """Return the licence that says *terms* in words."""
    made = clauses(terms)
    zh = "\n".join(
        f"{'一二三四五六七八九'[n]}、{c.head.zh}。{c.text.zh}"
        for n, c in enumerate(made)
    )
    en = "\n".join(f"{n}. {c.head.en}. {c.text.en}" for n, c in enumerate(made, 1))
    return Licence(code, version, None, *title, zh, en, "", terms)


def clauses(terms: Terms) -> tuple[Clause, ...]:
    """Return the clauses that say *terms*, in the order of every licence of ours."""
    return (
        Clause(Name("授权", "Grant"), _grant(terms)),
        Clause(Name("允许的使用", "Permitted use"), _permitted(terms)),
        Clause(Name("限制", "Limits"), _limits(terms)),
        Clause(Name("义务", "Duties"), _duties(terms)),
        Clause(
            Name("合规", "Compliance"),
            Name(
                "需方应遵守个人信息保护、数据安全与知识产权方面的法律法规，"
                "不得尝试重新识别个人或企业秘密。",
                "The buyer observes the law on personal information, data security and"
                " intellectual property and does not try to identify persons or to"
                " uncover business secrets.",
            ),
        ),
        Clause(Name("期满", "End"), _end(terms)),
        Clause(
            Name("保证", "Warranty"),
            Name(
                "供方保证其有权授予上述使用权；数据按交付时的状态提供，"
                "对特定用途的适用性不作保证。",
                "The vendor warrants that it may grant this right. The data is provided"
                " as delivered, without warranty of fitness for a particular purpose.",
            ),
        ),
    )


_ALONE = {
    "none": Name("", ""),
    "sole": Name(
        "在此范围内供方自己可继续使用，但不再授予他人。",
        " Within this scope the vendor may go on using the data itself but grants the"
        " right to nobody else.",
    ),
    "exclusive": Name(
        "在此范围内供方不再授予他人，自己也不使用。",
        " Within this scope the vendor neither grants the right to anybody else nor"
        " uses the data itself.",
    ),
}


def _grant(terms: Terms) -> Name:
    kind = EXCLUSIVITY[terms.exclusivity]
    zh = f"供方授予需方{kind.zh}的使用权"
    en = f"The vendor grants the buyer a {kind.en.lower()} right of use"
    if terms.field:
        zh += f"，限于{SECTORS[terms.field].zh}领域"
        en += f" in the field of {SECTORS[terms.field].en.lower()}"
    if terms.territory != WORLD:
        place = regions()[terms.territory]
        zh += f"，地域限于{place.zh}"
        en += f", in the territory of {place.en}"
    if terms.term_days:
        zh += f"，期限{terms.term_days}日"
        en += f", for {terms.term_days} days"
    if terms.volume_max:
        zh += f"，以{terms.volume_max}次交付为限"
        en += f", for at most {terms.volume_max} deliveries"
    alone = _ALONE[terms.exclusivity]
    return Name(
        f"{zh}。{alone.zh}其余以交易合同所载为准。",
        f"{en}.{alone.en} All else is as the contract of the trade says.",
    )


def _named(codes: tuple[str, ...], names: dict[str, Name]) -> Name:
    known = [names[code] for code in names if code in codes]
    return Name(
        "、".join(one.zh for one in known), ", ".join(one.en.lower() for one in known)
    )


def _permitted(terms: Terms) -> Name:
    uses = _named(terms.uses, USES)
    zh, en = f"需方可：{uses.zh}。", f"The buyer may: {uses.en}."
    if terms.purposes:
        purposes = _named(terms.purposes, PURPOSES)
        zh += f"用途限于：{purposes.zh}。"
        en += f" The purposes are: {purposes.en}."
    else:
        zh += "用途不限。"
        en += " The purpose is not limited."
    if terms.on_request:
        more = _named(terms.on_request, PURPOSES)
        zh += f"经供方事先书面同意，还可用于：{more.zh}。"
        en += f" With the vendor's prior consent in writing, also: {more.en}."
    return Name(zh, en)


_DERIVED = {
    "none": Name("不得制作衍生成果。", "No works are derived from the data."),
    "internal": Name(
        "衍生成果限于需方组织内部使用。",
        "Works derived from the data stay inside the buyer's organisation.",
    ),
    "any": Name(
        "衍生成果可对外提供，但不得含有可还原的原始数据。",
        "Works derived from the data may be offered to others if the original data"
        " cannot be recovered from them.",
    ),
}


def _limits(terms: Terms) -> Name:
    derived = _DERIVED[terms.derivation] if "derive" in terms.uses else Name("", "")
    zh, en = derived.zh, derived.en
    left_out = tuple(use for use in USES if use not in terms.uses)
    if left_out:
        uses = _named(left_out, USES)
        zh += f"不得：{uses.zh}。"
        en += f" The buyer may not: {uses.en}."
    if terms.transfer:
        zh += "使用权可经交易所转让给其他会员。"
        en += " The right may be passed on to another member through the exchange."
    else:
        zh += "使用权不得转让。"
        en += " The right is not passed on."
    return Name(zh, en.strip())


def _duties(terms: Terms) -> Name:
    zh, en = [], []
    if terms.attribution:
        zh.append("对外使用时注明来源。")
        en.append("Name the source wherever the data is used in public.")
    if terms.share_alike:
        zh.append("以相同条件提供衍生成果。")
        en.append("Offer derived works under the same terms.")
    if terms.report_days:
        zh.append(f"每{terms.report_days}日向供方报告一次使用情况。")
        en.append(f"Report the use to the vendor every {terms.report_days} days.")
    if terms.retention == "delete":
        zh.append(f"使用权终止后{terms.delete_days}日内删除数据并出具销毁证明。")
        en.append(
            f"Delete the data within {terms.delete_days} days of the end and certify"
            " its destruction."
        )
    return Name(
        "".join(zh) or "无其他义务。", " ".join(en) or "There are no other duties."
    )


def _end(terms: Terms) -> Name:
    if terms.retention == "keep":
        return Name(
            "使用权终止后不得再取得新的数据；此前合法制作的成果可继续使用。",
            "When the right has ended no further data may be obtained; results lawfully"
            " made before may still be used.",
        )
    return Name(
        f"使用权终止后不得再取得新的数据；已取得的数据应在{terms.delete_days}日内删除，"
        "汇总后的分析结论可以保留。",
        "When the right has ended no further data may be obtained; data already"
        f" obtained is deleted within {terms.delete_days} days; findings may be kept.",
    )


# ── a vendor's own ──


def save(
    db: Connection, owner: int, title: Name, terms: Terms, code: str | None = None
) -> int:
    """Put in a licence of a vendor, or the next version of its *code*; the number.

    Invalid names every problem; NotFound if *code* is not the vendor's. Nothing new is
    made where the newest version says the same already.
    """
    check(title, terms)
    in_turn(db)
    mine = licences.owned(db, owner)
    versions = [found for found in mine if found.code == code]
    if code is None:
        codes = {found.code for found in mine}
        if len(codes) >= OWN_MAX:
            raise Invalid({"title_zh": [N_("A vendor has at most 100 licences.")]})
        code = f"{encode('member', owner)}-{len(codes) + 1}"
    elif not versions:
        raise NotFound("licence", code[:80])
    else:
        newest = versions[-1]
        if (newest.title_zh, newest.title_en, newest.terms) == (*title, terms):
            return newest.id
        if len(versions) >= VERSIONS_MAX:
            raise Invalid({"title_zh": [N_("A licence has at most 100 versions.")]})
    version = f"{len(versions) + 1}.0"
    made = compose(code, version, title, terms)._replace(owner=owner)
    return licences.ensure(db, [made])[code, version]


def check(title: Name, terms: Terms) -> None:
    """Refuse with Invalid, naming every problem, what makes no licence."""
    problems = wrong(title, terms)
    if problems:
        raise Invalid(problems)


def wrong(title: Name, terms: Terms) -> dict[str, list[str]]:
    """Return what is wrong with the choices of a vendor, by field."""
    found = _wrong_codes(terms) | _wrong_numbers(terms)
    for field, text in (("title_zh", title.zh), ("title_en", title.en)):
        if not text or len(text) > TITLE_MAX or not text.isprintable():
            found[field] = [N_("Use 1 to 120 printable characters.")]
    if "access" not in terms.uses:
        found["uses"] = [N_("Without access nothing can be used.")]
    if not terms.purposes:
        found["purposes"] = [N_("Permit at least one purpose.")]
    if set(terms.purposes) & set(terms.on_request):
        found["on_request"] = [N_("A purpose is permitted or on request, not both.")]
    return found


def _wrong_codes(terms: Terms) -> dict[str, list[str]]:
    known: dict[str, Container[str]] = {
        "uses": USES,
        "purposes": PURPOSES,
        "on_request": PURPOSES,
        "exclusivity": EXCLUSIVITY,
        "field": SECTORS,
        "territory": regions(),
        "retention": RETENTION,
        "derivation": DERIVATION,
    }
    given = terms._asdict()
    return {
        field: [N_("Choose one of the list.")]
        for field, codes in known.items()
        if given[field] is not None
        and any(code not in codes for code in _each(given[field]))
    }


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _wrong_numbers(terms: Terms) -> dict[str, list[str]]:
    most = {
        "term_days": DAYS_MAX,
        "volume_max": VOLUME_MAX,
        "delete_days": DAYS_MAX,
        "report_days": DAYS_MAX,
    }
    given = terms._asdict()
    return {
        field: [N_("Give a whole number of at least 1, or nothing.")]
        for field, high in most.items()
        if given[field] is not None and not 1 <= given[field] <= high
    }
