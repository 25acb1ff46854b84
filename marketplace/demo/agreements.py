"""The demo's purposes on request: a vendor's own licence, one consent, one request."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from listings import composer
from listings.licences import Terms
from listings.vocabulary import Name
from marketplace.admission import untold
from marketplace.community import access, agreements
from marketplace.community.access import Questionnaire
from marketplace.demo.floor import Floor, Traded
from marketplace.demo.menus import Menus, unit_of
from marketplace.members import users
from marketplace.trading.commands import Line, PlaceOrder

PRODUCT, SYMBOL, PRICE = "TRKGPS", "TRKGPS-FLEX", 980_000
TITLE = Name("路网研究与共创许可", "Road research and co-development")
TERMS = Terms(
    ("access", "analysis", "derive", "train"),
    ("internal_analysis", "product_development", "academic_research"),
    retention="delete",
    on_request=("model_training", "redistribution"),
    report_days=90,
)
ASKED = (
    Questionnaire(
        "算法团队（8 人）",
        "训练干线货运到达时间预测模型，模型仅供自有调度系统使用。",
        "model_training",
    ),
    Questionnaire(
        "Data partnerships",
        "Pass monthly aggregates on to two ports.",
        "redistribution",
    ),
)
CONSENT_DAYS = 365


def agree(
    floor: Floor,
    menus: Menus,
    writes: Engine,
    numbers: Mapping[str, int],
    traded: Mapping[str, Sequence[Traded]],
) -> None:
    """Sell under a licence of the vendor's own; agree to one buyer's purpose."""
    product, vendor = numbers[PRODUCT], traded[PRODUCT][0].vendor
    with writes.begin() as db:
        licence = composer.save(db, vendor.member, TITLE, TERMS, None)
    unit = unit_of("per_term", 365, licence=licence)
    menus.add(product, vendor, {SYMBOL: (unit, PRICE)})
    askers = floor.buyers[: len(ASKED)]
    with writes.begin() as db:
        requests = [
            agreements.ask(db, product, answers, users.get(db, buyer.user))
            for buyer, answers in zip(askers, ASKED, strict=True)
        ]
        by = users.get(db, vendor.user)
        access.grant(db, requests[0], CONSENT_DAYS, by)
    with writes.connect() as db:
        commands = list(untold(db, product, vendor.user))
    for command in commands:
        floor.must(command)
    line = Line(
        floor.market.symbols[SYMBOL],
        *("buy", PRICE, 1, "IOC"),
        purpose=ASKED[0].purpose,
    )
    floor.submit(PlaceOrder(askers[0].user, askers[0].member, line))
