"""The specification sheet (可交易数据产品说明书) of a registered product.

Sections and fields are those of the Shanghai Data Exchange's sheet [P]; see the help.
Everything is read from the records when it is asked for. The sheet counts as issued
once the product is listed and all four documents of qualification are there and in
force; before that it says what is lacking.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from listings import catalogue, releases
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import PURPOSES
from listings.quality import measured
from listings.registration import attachments, opinions
from listings.registration.attachments import KINDS, Attachment
from listings.registration.declaration import PERSONAL, ROUTES, SENSITIVITIES
from listings.vocabulary import CLASSES, MODES, SECTORS, UPDATES, Name, regions
from marketplace import formatting
from marketplace.community import ratings, watches
from marketplace.documents import pdf, qr
from marketplace.members import organisations
from marketplace.members.users import User
from marketplace.paper import (
    DASH,
    Grid,
    Line,
    Section,
    code,
    day,
    joined,
    line,
    listed,
    printable,
    same,
    text,
)
from marketplace.trading import reads
from settlement import ids
from settlement.errors import NotFound
from settlement.tables import trades

FIELDS_MAX = 200  # of the dictionary
QUALIFICATIONS = ("compliance", "quality", "commitment", "valuation")
FREE = "free"


class Sheet(NamedTuple):
    """A specification sheet as it is today."""

    product: int
    registration: int
    title: Name
    listed_us: int | None
    lacking: tuple[Name, ...]  # empty: it is issued
    sections: tuple[Section, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of what it says, in hexadecimal."""
        said = json.dumps(self, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()


def sheet(db: Connection, product: int, user: User) -> Sheet:
    """Return the sheet of a registered product that *user* may see, else NotFound.

    What is on the market is for whoever sees the listing; before that the sheet is for
    the vendor and the staff.
    """
    found = _seen(db, product, user)
    if found.certificate is None:
        raise NotFound("product", ids.encode("product", product))
    files = attachments.of_product(db, product)
    verified = _verified(db, found, files)
    units = catalogue.instruments_of(db, product)
    if found.listing_state in catalogue.PUBLIC:
        units = [unit for unit in units if unit.state != "pending"]
    on_market = found.listing_state == "listed"
    lacking = [] if on_market else [Name("挂牌", "Listing")]
    lacking += [KINDS[kind] for kind in QUALIFICATIONS if not verified[kind]]
    return Sheet(
        product,
        found.certificate,
        text(found.title_zh, found.title_en),
        found.admitted_us if on_market else None,
        tuple(lacking),
        (
            _basics(db, found),
            _physics(db, found),
            *_contents(found),
            _conditions(found, units),
            _use(db, found),
            _sources(files),
            _qualifications(files, verified),
            _interest(db, found, units),
            _prices(db, units),
        ),
    )


def printed(said: Sheet, address: str) -> bytes:
    """Return a sheet as PDF in both languages; *address* is where its QR code leads."""
    return pdf("sheet", {**worded(said), "qr": qr(address), "address": address})


def worded(said: Sheet) -> dict[str, str]:
    """Return what the paper says of a sheet, both languages of each text together."""
    return {
        "number": ids.encode("product", said.product),
        "title": joined(said.title),
        "listed": day(said.listed_us).zh,
        "lacking": " · ".join(joined(name) for name in said.lacking),
        "hash": said.sha256,
        "sections": json.dumps(
            [printable(one) for one in said.sections], ensure_ascii=False
        ),
    }


def _seen(db: Connection, product: int, user: User) -> Listing:
    if user.is_authenticated and user.is_staff:
        return catalogue.product(db, product)
    try:
        return catalogue.listing(db, product, user.member)
    except NotFound:
        return catalogue.product(db, product, user.member)


def _verified(
    db: Connection, found: Listing, files: Iterable[Attachment]
) -> Mapping[str, bool]:
    """Return which documents of qualification are in force today.

    An assessor's opinion until it ends; the vendor's commitment since the registrar
    passed the checklist with it, which every registration takes.
    """
    known = {kind: opinions.in_force(db, found.id, kind) for kind in opinions.KINDS}
    registered_us = found.registered_us or 0
    committed = (
        one.kind == "commitment" and one.added_us <= registered_us for one in files
    )
    return {kind: said is not None for kind, said in known.items()} | {
        "commitment": any(committed)
    }


# ── the sections ──


def _basics(db: Connection, found: Listing) -> Section:
    vendor = organisations.names(db, [found.vendor]).get(found.vendor, ("", ""))
    return Section(
        Name("基本信息", "Basics"),
        (
            line("产品代码", "Product code", ids.encode("product", found.id)),
            Line(Name("产品名称", "Name"), text(found.title_zh, found.title_en)),
            Line(Name("供方", "Vendor"), text(*vendor)),
            Line(Name("产品类型", "Class"), code(CLASSES, found.kind)),
            Line(Name("行业", "Sector"), code(SECTORS, found.sector)),
            Line(Name("归属地域", "Region"), code(regions(), found.region)),
            Line(
                Name("产品描述", "Description"),
                text(
                    found.description_zh or found.summary_zh,
                    found.description_en or found.summary_en,
                ),
            ),
            line("关键词", "Keywords", "、".join(found.keywords[:40])),
            Line(
                Name("数据分级", "Sensitivity"),
                code(SENSITIVITIES, found.sensitivity),
            ),
            Line(
                Name("个人信息", "Personal information"),
                code(PERSONAL, found.personal),
            ),
        ),
    )


def _physics(db: Connection, found: Listing) -> Section:
    newest = releases.newest(db, found.id)
    rows = found.row_count
    published = newest.finalised_us if newest else None
    return Section(
        Name("物理信息", "Physical facts"),
        (
            Line(Name("更新频率", "Updates"), code(UPDATES, found.updates)),
            Line(
                Name("记录条数", "Rows"),
                DASH if rows is None else Name(f"{rows:,} 条", f"{rows:,}"),
            ),
            line("存储大小", "Size", formatting.size(found.size_bytes)),
            *_growth(db, found.id),
            line("数据粒度", "Granularity", found.granularity),
            line("数据起始", "Covers from", found.coverage_from or ""),
            line("数据截止", "Covers until", found.coverage_until or ""),
            line("最新版本", "Newest release", newest.label if newest else ""),
            Line(Name("发布时间", "Published"), day(published)),
        ),
    )


def _growth(db: Connection, product: int) -> tuple[Line, ...]:
    """Return what the newest release has more than the one before; as measured."""
    found = measured.growth(db, product)
    if found is None:
        return ()
    grown = Name(f"{found.rows:+,} 条", f"{found.rows:+,}") if found.rows else DASH
    size = formatting.size(found.size) if found.size >= 0 else "–"
    return (
        Line(Name("增量条数", "Rows added"), grown),
        line("增量大小", "Size added", size),
        Line(Name("首次发布时间", "First published"), day(found.first_us)),
    )


def _contents(found: Listing) -> tuple[Section, ...]:
    """Return the fields: those that are asked for, of a service, and those answered."""
    asked = [c for c in found.dictionary if c.get("role") == "parameter"]
    answered = [c for c in found.dictionary if c.get("role") != "parameter"]
    named = ((Name("输入字段", "Input fields"), asked),) if asked else ()
    return tuple(
        Section(title, (), _fields(columns))
        for title, columns in (*named, (Name("输出字段", "Output fields"), answered))
    )


def _told(column: dict[str, Any], language: str) -> str:
    """Return what a column means, with its unit."""
    said, unit = str(column.get(language) or ""), str(column.get("unit") or "")
    return f"{said} ({unit})" if said and unit else said


def _fields(columns: list[dict[str, Any]]) -> Grid:
    return Grid(
        (Name("字段", "Field"), Name("类型", "Type"), Name("含义", "Meaning")),
        tuple(
            (
                same(str(column["name"])),
                same(str(column.get("type") or "–")),
                text(_told(column, "zh"), _told(column, "en")),
            )
            for column in columns[:FIELDS_MAX]
        ),
    )


def _conditions(found: Listing, units: list[Instrument]) -> Section:
    """Return the conditions of use; time limits by the codes of the sheet (0, 2)."""
    purposes = {code: None for unit in units for code in unit.purposes}
    terms = {unit.term_days for unit in units}
    limits = [
        Name("0 无限制", "0 none")
        if days is None
        else Name(f"2 合同期 {days} 天", f"2 contract term of {days} days")
        for days in sorted(terms, key=lambda days: (days is not None, days))
    ]
    passed_on = any(unit.transferable for unit in units)
    return Section(
        Name("使用条件", "Conditions of use"),
        (
            Line(
                Name("使用目的", "Purposes"),
                listed([PURPOSES[code] for code in purposes])
                if purposes
                else text(found.purpose, found.purpose),
            ),
            line(
                "使用主体", "Who may use it", "限购买会员自用", "The buying member only"
            ),
            Line(Name("时间限制", "Time limit"), listed(limits)),
            Line(
                Name("转让", "Passing on"),
                Name("部分标的可转让", "Some rights may be sold on")
                if passed_on
                else Name("不得转让", "Rights may not be passed on"),
            ),
            Line(
                Name("其他限制", "Other limits"),
                text(found.rights_note, found.rights_note),
            ),
        ),
    )


def _use(db: Connection, found: Listing) -> Section:
    delivered = releases.newest(db, found.id) is not None
    way = Name("在来源处获取", "At its source")
    if delivered:
        way = Name("文件传输", "Files")
    if found.kind == "service":
        way = Name("API 传输", "API")
    documents = found.documentation_url or found.source_url
    return Section(
        Name("使用案例与说明", "Cases and manner of use"),
        (
            Line(Name("应用场景", "Scene"), text(found.scene, found.scene)),
            Line(Name("交付方式", "Delivery"), way),
            line("技术文档", "Documentation", documents),
            line("技术支持", "Support", found.support),
        ),
    )


def _sources(files: Iterable[Attachment]) -> Section:
    """Return the evidence of the source: of its route alone, one file each."""
    rows = [(KINDS[f.kind], *_file(f)) for f in files if f.kind in ROUTES]
    return Section(
        Name("来源描述", "Description of the source"), (), Grid(_FILE, tuple(rows))
    )


def _qualifications(
    files: Iterable[Attachment], verified: Mapping[str, bool]
) -> Section:
    """Return the newest file of each qualification, and whether it is in force."""
    newest: dict[str, Attachment] = {one.kind: one for one in files}
    yes, no = Name("已核验", "Verified"), Name("未核验", "Not verified")
    rows = [
        (KINDS[kind], *_file(newest.get(kind)), yes if verified[kind] else no)
        for kind in QUALIFICATIONS
    ]
    heads = (*_FILE, Name("核验", "Verification"))
    return Section(Name("资质信息", "Qualifications"), (), Grid(heads, tuple(rows)))


_FILE = (Name("材料", "Document"), Name("文件", "File"), Name("SHA-256", "SHA-256"))


def _file(found: Attachment | None) -> tuple[Name, Name]:
    if found is None:
        return DASH, DASH
    return same(found.name), same(f"{found.sha256[:16]}…")


def _interest(db: Connection, found: Listing, units: list[Instrument]) -> Section:
    mean = ratings.mean(db, found.id)
    points = f"{mean.overall // 100}.{mean.overall % 100:02} / 5" if mean.number else ""
    mine = trades.c.instrument.in_([unit.id for unit in units])
    number = db.scalar(select(func.count()).select_from(trades).where(mine)) or 0
    followers = watches.count(db, "product", found.id)
    return Section(
        Name("产品热度", "Interest"),
        (
            line("关注", "Followers", str(followers)),
            line("成交笔数", "Trades", str(number)),
            line("评价数", "Reviews", str(mean.number)),
            line("评分", "Mean of the reviews", points),
        ),
    )


def _prices(db: Connection, units: list[Instrument]) -> Section:
    best = reads.best(db, [unit.id for unit in units])
    heads = (
        Name("交易标的", "Instrument"),
        Name("许可", "Licence"),
        Name("计量", "Unit"),
        Name("期限", "Term"),
        Name("卖价", "Offer"),
    )
    rows = tuple(
        (
            same(unit.symbol),
            text(unit.licence.title_zh, unit.licence.title_en),
            code(MODES, unit.mode),
            Name("无期限", "without end")
            if unit.term_days is None
            else Name(f"{unit.term_days} 天", f"{unit.term_days} days"),
            _price(unit, best[unit.id].offer if unit.id in best else None),
        )
        for unit in units
    )
    return Section(Name("产品价格", "Prices"), (), Grid(heads, rows))


def _price(unit: Instrument, offer: int | None) -> Name:
    if unit.mode == FREE:
        return MODES[FREE]
    if offer is None:
        return MODES["ask"]
    return same(formatting.amount(offer, unit.currency))
