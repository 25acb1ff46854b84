"""The market's whole state as one canonical value, and its digest."""

from typing import Any

from marketplace.trading.market import Market
from marketplace.trading.orders import BUY, SELL, Order
from settlement.canonical import canonical, sha256_of


def state(market: Market) -> dict[str, Any]:
    """Return everything that decides what the market does next."""
    return {
        "accounts": [
            (*account, balance)
            for account, balance in zip(
                market.ledger.accounts, market.ledger.balances, strict=True
            )
        ],
        "books": [
            (
                venue.row(),
                venue.phase_row(),
                (venue.last, venue.last_day, venue.last_trade),
                (venue.before, venue.before_trade, venue.limits),
                [_order(order) for order in venue.book.orders(BUY)],
                [_order(order) for order in venue.book.orders(SELL)],
            )
            for _, venue in sorted(market.venues.items())
        ],
        "activity": market.activity.state(),
        "fees": market.fees,
        "limits": market.limits,
        "last": _numbers(market),
        "escrows": [
            (escrow.row(), str(escrow.state))
            for _, escrow in sorted(market.escrows.live.items())
        ],
        "disputes": [d.row() for _, d in sorted(market.disputes.live.items())],
        "refunded": sorted(market.refunds.of.items()),
        **_after(market),
        "workdays": sorted(market.workdays.exceptions.items()),
        "closed": (market.closings.month, market.closings.until_us),
        "contests": [
            (contest.row(), [b.row() for _, b in sorted(contest.bidders.items())])
            for _, contest in sorted(market.contests.live.items())
        ],
        "kept": [kept.row() for _, kept in sorted(market.kept.live.items())],
        "invoices": market.invoices.state(),
        "filings": [f.row() for _, f in sorted(market.filings.live.items())],
        "pools": [
            (pool.row(), [one.row() for _, one in sorted(pool.licensees.items())])
            for _, pool in sorted(market.pools.live.items())
        ],
        "agreements": [
            (one.row(), sorted(one.signatures.values()))
            for _, one in sorted(market.agreements.live.items())
        ],
        "tenders": [
            (tender.row(), [bid.row() for _, bid in sorted(tender.bids.items())])
            for _, tender in sorted(market.tenders.live.items())
        ],
        "mandates": [m.row() for _, m in sorted(market.mandates.of.items())],
        "bounded": sorted(market.mandates.orders.items()),
        "offers": [offer.row() for _, offer in sorted(market.offers.live.items())],
        "proposals": [made for _, made in sorted(market.proposals.items())],
        "payments": _payments(market),
        "rights": [right.row() for _, right in sorted(market.rights.live.items())],
        "stops": [stop for _, stop in sorted(market.stops.items())],
        "terms": sorted(market.terms.values()),
        "tried": sorted(market.tried),
        "usage": market.usage.state(),
        "verified": sorted(market.verified),
    }


def _after(market: Market) -> dict[str, Any]:
    """Return what trades cost since they were busted, shares in them, and taxes."""
    splits = (
        *sorted(market.splits.waiting.values(), key=lambda s: s.number),
        *(split for _, split in sorted(market.splits.of.items())),
    )
    return {
        "busts": sorted(market.busts.of.items()),
        "not_whole": sorted(market.escrows.not_whole),
        "paid": sorted(market.busts.paid.items()),
        "splits": [
            (
                s.number,
                s.state,
                s.vendor,
                s.product,
                s.parts,
                *sorted(s.consents.items()),
            )
            for s in splits
        ],
        "shares": [
            (shares.currency, shares.seller, shares.rows())
            for _, shares in sorted(market.shares.of.items())
        ],
        "taxes": market.taxes,
        "erased": sorted(market.erasures.persons),
        "cycles": sorted(market.dues.cycles.items()),
        "credit": sorted(market.dues.credit.items()),
        "penalties": sorted(market.dues.penalties.items()),
        "owed": sorted(market.dues.owed.items()),
        "obligations": [owed.row() for _, owed in sorted(market.dues.live.items())],
        "runs": [(r.row(), r.lines) for _, r in sorted(market.dues.runs.items())],
        "fails": [fail.row() for _, fail in sorted(market.dues.fails.items())],
        "last_runs": (market.dues.last_run, market.dues.last_fail),
    }


def digest(market: Market) -> str:
    """Return the SHA-256 of the state: equal markets have equal digests."""
    return sha256_of(canonical(state(market)))


def _order(order: Order) -> tuple[object, ...]:
    return (
        order.id, order.member, str(order.side), order.price, order.quantity,
        order.remaining, str(order.time_in_force), order.expires_us, order.evergreen,
        order.purpose or "", str(order.state), order.placed_seq,
    )  # fmt: skip


def _payments(market: Market) -> list[object]:
    cards = market.cards
    return [
        [payin.row() for _, payin in sorted(market.payins.waiting.items())],
        [payout.row() for _, payout in sorted(market.payouts.waiting.items())],
        [
            (*card.row(), sorted(card.lines), sorted(card.reached))
            for _, card in sorted(cards.live.items())
        ],
        sorted(cards.withheld.values()),
        sorted(cards.general),
        sorted(market.owing),
    ]


def _numbers(market: Market) -> tuple[int, ...]:
    """Return the last number given of each kind."""
    return (
        market.agreements.last,
        market.pools.last,
        market.mandates.last,
        market.last_order,
        market.last_trade,
        market.last_receipt,
        market.ledger.transfers,
        market.rights.last,
        market.payins.last,
        market.payouts.last,
        market.cards.last,
        market.corrections.last,
        market.offers.last,
        market.filings.last,
        market.contests.last,
        market.contests.last_bid,
        market.last_proposal,
        market.disputes.last,
        market.refunds.last,
        market.busts.last,
        market.splits.last,
    )
