"""The demo's evidence: what is declared, attached and assessed; all synthetic."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from sqlalchemy import Connection

from listings.files import Storage
from listings.registration import attachments, checklist, opinions
from listings.registration.attachments import Whose
from listings.registration.opinions import Given
from listings.steps import Actor
from marketplace.demo.floor import Trader
from marketplace.demo.products import HONEST_EN, HONEST_ZH, Product
from settlement import clock

# Of the sectors where public bodies grant the operation of their data.
_PUBLIC = {"emergency-management", "urban-governance", "meteorological-services"}
_PURPOSE = (
    "企业内部分析、产品研发与学术研究；不得用于识别个人或转售原始数据。\n"
    "Analysis inside the buyer's organisation, development and research; not to"
    " identify persons, not to resell the raw data."
)
_SUMMARIES = {
    "compliance": (
        "来源、授权与内容均未发现违反法律法规的情形。"
        "Source, authority and content show no breach of the law."
    ),
    "quality": (
        "完整性、一致性与时效性符合声明。"
        "Completeness, consistency and timeliness are as declared."
    ),
    "valuation": (
        "采用成本法与收益法，结论仅供演示。"
        "By cost and income; for the demonstration only."
    ),
}
_VALID_US = 730 * clock.DAY_US


def route(product: Product) -> str:
    """Return where a product's data comes from, by its sector and class."""
    if product.sector in _PUBLIC:
        return "authorised_operation"
    return "purchase" if product.kind == "application" else "production"


def declared(product: Product, vendor: Trader) -> dict[str, Any]:
    """Return the declaration of a product as fields of its facts."""
    name = vendor.person.organisation.name_zh
    basis = {
        "production": "自有业务系统产生 Made by own systems",
        "authorised_operation": "公共数据授权运营协议 Agreement with the body",
        "purchase": "采购合同 Contract of purchase",
    }[route(product)]
    cells = {"holder": name, "basis": basis}
    return {
        "source_route": route(product),
        "source_statement": (
            f"本产品的数据由{name}取得：{basis}，自建立产品之日起持续更新。{HONEST_ZH}\n"
            f"{HONEST_EN}"
        ),
        "sensitivity": "important" if product.sector == "finance" else "general",
        "personal": "anonymised" if product.sector == "healthcare" else "none",
        "purpose": _PURPOSE,
        "scene": (
            f"{product.summary[0]} 典型场景：业务人员每日查看“{product.title[0]}”，"
            f"据此安排生产、采购或风控。\nA typical scene: analysts look at"
            f" “{product.title[1]}” every day and plan by it."
        ),
        "rights": {
            "hold": cells | {"limits": "不得转让 Not transferable"},
            "use": cells | {"limits": "限本机构加工 Own processing only"},
            "operate": cells | {"limits": "经交易所挂牌 Through the exchange only"},
        },
    }


def prove(
    db: Connection, number: int, product: Product, vendor: Trader, to: Storage
) -> None:
    """Attach the evidence of the source and the signed commitment."""
    whose = Whose(vendor.user, vendor.member)
    title = f"{product.title[0]} / {product.title[1]}"
    for kind, name in (
        (route(product), "来源证明.txt"),
        ("commitment", "法律承诺书.txt"),
    ):
        heading = attachments.KINDS[kind]
        body = f"{heading.zh} {heading.en}\n\n{title}\n{HONEST_ZH}\n{HONEST_EN}\n"
        stored = to.put(BytesIO(body.encode()))
        attachments.add(db, number, kind, name, stored, whose)


def assess(
    db: Connection,
    number: int,
    product: Product,
    vendor: Trader,
    assessors: Mapping[str, Trader],
    to: Storage,
) -> None:
    """Let the invited assessors give their opinions: all four documents for some."""
    kinds = list(opinions.KINDS) if len(product.sold) > 1 else ["compliance"]
    asked = Actor(vendor.user, vendor.member)
    for kind in kinds:
        assessor = assessors[kind]
        by = Actor(assessor.user, assessor.member)
        opinions.invite(db, number, kind, by.member, asked)
        name = opinions.KINDS[kind]
        body = f"{name.zh} {name.en}\n{product.title[0]}\n{_SUMMARIES[kind]}"
        given = Given(
            "pass",
            _SUMMARIES[kind],
            clock.now_us() + _VALID_US,
            ("cost", "income") if kind == "valuation" else (),
        )
        file = (f"{name.zh}报告.txt", to.put(BytesIO(body.encode())))
        opinions.give(db, number, kind, given, file, by)


def check(db: Connection, number: int, registrar: Actor) -> None:
    """Let the registrar pass every line of the checklist."""
    passed = dict.fromkeys(checklist.LINES, ("pass", ""))
    checklist.decide(db, number, passed, registrar)
