"""The demo's disputes: one that waits for its vendor, one for the exchange."""

from marketplace.demo.floor import Floor, Trader
from marketplace.trading.acceptance import ReportDelivery
from marketplace.trading.objecting import AnswerDispute, OpenDispute

NOTES = (
    (
        "incomplete",
        "三个批次中缺少最后一批。 The last of three batches is missing.",
    ),
    (
        "quality",
        "抽查 200 行，37 行关键字段为空。 Of 200 rows, 37 lack key fields.",
    ),
)
ANSWER = (
    "空值来自尚未上报的网点，说明书第三条已注明；愿意退还三成。"
    " The gaps are of sites that have not reported, as the sheet says; we offer a part."
)
OFFER_BPS = 3_000  # of what is frozen


def make(floor: Floor, vendors: dict[str, Trader]) -> None:
    """Let two buyers object to what has been delivered to them."""
    by_member = {trader.member: trader for trader in vendors.values()}
    buyers = {trader.member: trader for trader in floor.buyers}
    waiting = [e for _, e in sorted(floor.market.escrows.live.items()) if e.left]
    for (reason, note), escrow in zip(NOTES, reversed(waiting), strict=False):
        vendor, trade = by_member[escrow.trade.seller], escrow.number
        buyer = buyers.get(escrow.trade.buyer)
        if buyer is None:
            continue
        if escrow.undelivered:
            left = escrow.undelivered
            floor.submit(ReportDelivery(vendor.user, vendor.member, trade, left))
        number = floor.submit(
            OpenDispute(buyer.user, buyer.member, trade, reason, note)
        )
        if reason == "quality" and number is not None:
            offer = escrow.left * OFFER_BPS // 10_000
            floor.submit(
                AnswerDispute(vendor.user, vendor.member, number, ANSWER, offer)
            )
