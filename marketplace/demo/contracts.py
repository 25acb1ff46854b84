"""The demo's contracts: one paid in stages, one to be signed, one returned."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from marketplace.contracts.drafts import Said, compose
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.trading.acceptance import AcceptDelivery, ReportDelivery
from marketplace.trading.drafting import (
    DraftContract,
    ReturnContract,
    SignContract,
    Stage,
)
from settlement import clock
from settlement.ledger import HOUSE

OPEN_US = 14 * clock.DAY_US
TERM_US = 365 * clock.DAY_US
TIMES = 12  # the posted price: bespoke work costs more
STAGES = (
    Stage("样例与口径确认 Sample", 3_000, 0),
    Stage("首批交付 First delivery", 4_000, 10),
    Stage("全部交付 Completion", 3_000, 30),
)
RETURNED = "请补充数据来源说明。 Please add a statement of the source."


class Drafted(NamedTuple):
    """One contract of the demo: of what, by which model, and who signs it."""

    code: str  # of the product
    model: str
    title: str
    signers: str  # v: vendor, b: buyer, h: the exchange
    returned: bool = False


DRAFTED = (
    Drafted("TRKGPS", "processing", "干线货运轨迹定制加工 Custom truck tracks", "bvh"),
    Drafted("METROOD", "provision", "地铁客流数据年度提供 Metro flows, a year", "v"),
    Drafted("CITYOPS", "fusion", "城市运行指标融合开发 City figures", "b", True),
)


def sign(
    floor: Floor,
    reads: Engine,
    traded: Mapping[str, Sequence[Traded]],
    registrar: int,
) -> None:
    """Draft the contracts, and bring each as far as its parties are."""
    for turn, one in enumerate(DRAFTED):
        sold = traded[one.code][0]
        buyers = sorted(
            (b for b in floor.buyers if b.member != sold.vendor.member),
            key=lambda b: -floor.free(b.member, sold.currency),
        )
        _make(floor, reads, one, sold, buyers[turn], registrar)


def _make(
    floor: Floor,
    reads: Engine,
    one: Drafted,
    sold: Traded,
    buyer: Trader,
    registrar: int,
) -> None:
    vendor = sold.vendor
    said = Said(
        buyer.member, sold.number, sold.price * TIMES, 1, floor.purpose(sold.number),
        STAGES, 7, TERM_US, floor.at_us + OPEN_US, True, one.model, one.title, {},
    )  # fmt: skip
    with reads.connect() as db:
        text = compose(db, vendor.member, said)
    number = floor.must(
        DraftContract(
            vendor.user, vendor.member, said.to, said.instrument, said.price,
            said.quantity, said.purpose, said.stages, said.days, said.term_us,
            said.expires_us, said.house, text,
        )
    )  # fmt: skip
    sha256 = floor.market.agreements.live[number].sha256
    people = {
        "v": (vendor.user, vendor.member),
        "b": (buyer.user, buyer.member),
        "h": (registrar, HOUSE),
    }
    trade = None
    for signer in one.signers:
        trade = floor.must(SignContract(*people[signer], number, sha256))
    if one.returned:
        floor.must(ReturnContract(registrar, HOUSE, number, RETURNED))
    if trade is not None:
        floor.must(AcceptDelivery(*people["b"], trade))
        floor.must(ReportDelivery(*people["v"], trade, 1))
