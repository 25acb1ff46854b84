"""A small market in which everything has happened once, to be damaged by the tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.scope import Scope
from marketplace.trading.tenders import Bid, commitment
from settlement import clock, store
from settlement.busts import Mark, Struck
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.ids import encode
from settlement.refunds import Sale
from tests import netting, sharing
from tests.floor import Clock
from tests.invariants import agreed, bounded, close_damage
from tests.invariants.use_damage import use

VENDOR, ANN, BOB, CAT = 1, 2, 3, 4
STAFF, SECOND, THIRD = 901, 902, 903
POSTED, RESALE, METERED, GONE = 1_000, 1_001, 1_002, 1_003
CAPPED, TRIAL, CALLED = 1_004, 1_005, 1_006
ALONE, BESIDE, WAITED, USED = 1_007, 1_008, 1_009, 1_010
FAR_US = 4_000_000_000_000_000
DAY_US = 86_400_000_000


def terms(number: int) -> str:
    """Return what is sold of an instrument; only one has a file to deliver."""
    file = {"id": encode("file", 1), "sha256": "ab" * 32, "size": 10}
    release = {"files": [file]} if number == POSTED else None
    return canonical({"n": number, "release": release})


def live(gateway: Gateway, hands: Clock, *, scarce: bool = True) -> None:
    """Let members and staff do everything that the exchange knows.

    Without *scarce* what is easily added up: no rights that only one can have, no
    quotes, tenders, filed trades, kept prices, escrow, contracts.
    """

    def do(command: c.Command, key: str | None = None) -> object:
        return gateway.submit(command, key).result

    def refused(command: c.Command) -> None:
        with pytest.raises(Refusal):
            do(command)

    def order(member: int, *line: object, **more: object) -> c.Placed:
        placed = do(c.PlaceOrder(member * 10, member, c.Line(*line, **more)))
        assert isinstance(placed, c.Placed)
        return placed

    for member in (VENDOR, ANN, BOB, CAT):
        do(c.SetStanding(STAFF, member, verified=True))
    for number, transferable in (
        (POSTED, False), (RESALE, True), (METERED, False), (GONE, False),
    ):  # fmt: skip
        do(
            c.ListInstrument(
                STAFF, number, f"SYM{number}", VENDOR, 1, 1, 1, terms(number),
                (), 30 * DAY_US if number == METERED else None,
                3 if number == METERED else None, transferable,
            )
        )  # fmt: skip
    _pay_in(do)
    order(VENDOR, POSTED, "sell", 100, 1, evergreen=True)
    order(ANN, POSTED, "buy", 100, 3, "IOC", purpose="analysis")
    order(ANN, POSTED, "buy", 90, 5, purpose="analysis")
    cancelled = order(ANN, POSTED, "buy", 80, 5, purpose="analysis")
    do(c.CancelOrder(20, ANN, cancelled.order), key="cancel-once")
    reduced = order(BOB, POSTED, "buy", 90, 8, purpose="analysis")
    do(c.ReduceOrder(30, BOB, reduced.order, 2))
    do(c.PublishFees(STAFF, 300))
    order(VENDOR, POSTED, "sell", 90, 7, "IOC")  # takes ANN's bid, then some of BOB's
    order(BOB, POSTED, "buy", 200, 2, "FOK", purpose="analysis")
    refused(c.PlaceOrder(20, ANN, c.Line(POSTED, "buy", 100, 10**9, purpose="x")))
    order(VENDOR, RESALE, "sell", 50, 10)
    order(VENDOR, RESALE, "sell", 55, 4)
    order(ANN, RESALE, "buy", 50, 6, purpose="analysis")
    order(ANN, RESALE, "sell", 52, 4)
    order(BOB, RESALE, "buy", None, 5, "IOC", purpose="analysis")
    order(
        BOB, RESALE, "buy", 45, 2, "GTD", expires_us=4_000_000_000_000_000, purpose="a"
    )
    order(CAT, RESALE, "buy", 60, 90, "FOK", purpose="analysis")  # killed
    lines = tuple(c.Line(METERED, "buy", price, 1, purpose="a") for price in (7, -1, 8))
    do(c.PlaceBasket(40, CAT, lines), key="basket")
    order(VENDOR, METERED, "sell", 8, 1, "IOC")
    order(VENDOR, GONE, "sell", 5, 5)
    do(c.DelistInstrument(STAFF, GONE))
    granted = do(c.GrantRight(STAFF, CAT, POSTED, 2, "analysis"))
    revoked = do(c.GrantRight(STAFF, BOB, POSTED, 1, "analysis"))
    assert isinstance(granted, int)
    assert isinstance(revoked, int)
    do(c.Deliver(40, CAT, granted, 1, "ab" * 32, 10))
    do(c.RevokeRight(STAFF, revoked, "given by mistake"))
    _pay_out(do)
    _price(do, order, refused)
    _call(do, order)
    if not scarce:
        return
    _pay_by_card(do)
    _exclude(do, order)
    _compete(do, hands)
    _negotiate(do)
    _tender(do, hands)
    _file(do, hands)
    _rise(do, order)
    _wait(do, order, hands)
    _correct(do, order, hands)
    use(do, hands, USED)
    sharing.live(do, VENDOR, ANN, BOB, CAT)
    netting.live(do, hands, 5)
    (last,) = order(ANN, WAITED, "buy", 41, 1, "IOC", purpose="analysis").trades
    do(c.ReportDelivery(10, VENDOR, last[0], 1))
    agreed.contract(do, hands)
    agreed.group(do, hands)
    bounded.live(do, refused, hands)
    close_damage.live(do)


def _compete(do: Callable[..., object], hands: Clock) -> None:
    """Auctions: CAT cannot pay, so BOB gets it at 50; ANN pays BOB's 60 next."""
    up = ("ascending", 1_000, 40, 40, 10, hands.at_us + DAY_US, 0)
    do(c.OpenContest(10, VENDOR, RESALE, *up))
    for member, price in ((ANN, 40), (BOB, 50), (CAT, 300)):
        do(c.BidInContest(member * 10, member, 1, price, "analysis"))
    hands.at_us += DAY_US
    do(c.Tick())
    hands.at_us += 2 * DAY_US
    do(c.Tick())
    sealed = ("second", 1, 40, 40, 0, hands.at_us + DAY_US, 0)
    do(c.OpenContest(10, VENDOR, RESALE, *sealed))
    for member, price in ((ANN, 70), (BOB, 60)):
        do(c.BidInContest(member * 10, member, 2, price, "analysis"))
    hands.at_us += DAY_US
    do(c.Tick())


def _call(do: Callable[..., object], order: Callable[..., c.Placed]) -> None:
    """An uncross at 12: CAT's market bid gets 1, ANN 3, BOB nothing."""
    do(
        c.ListInstrument(
            STAFF, CALLED, "CALLED", VENDOR, 1, 1, 1, terms(CALLED), (), None, None,
            transferable=True,
        )
    )  # fmt: skip
    do(c.SetPhase(STAFF, CALLED, "call", 10))
    order(VENDOR, CALLED, "sell", 9, 4)
    order(VENDOR, CALLED, "sell", 13, 4)
    order(ANN, CALLED, "buy", 12, 3, purpose="analysis")
    order(BOB, CALLED, "buy", 11, 3, purpose="analysis")
    order(CAT, CALLED, "buy", None, 1, purpose="analysis")
    do(c.Uncross(STAFF, CALLED))


def _exclude(do: Callable[..., object], order: Callable[..., c.Placed]) -> None:
    """ANN buys the exclusive right; CAT keeps a right to what lies elsewhere."""
    for number, scope in (
        (ALONE, Scope(5, exclusive=True, territory="CN")),
        (BESIDE, Scope(5, territory="DE")),
    ):
        do(
            c.ListInstrument(
                STAFF, number, f"SYM{number}", VENDOR, 1, 1, 1, terms(number), (),
                30 * DAY_US, None, transferable=False, scope=scope,
            )
        )  # fmt: skip
    order(VENDOR, ALONE, "sell", 9, 1)
    order(ANN, ALONE, "buy", 9, 1, purpose="analysis")
    order(VENDOR, ALONE, "sell", 11, 1)
    order(VENDOR, BESIDE, "sell", 2, 1, evergreen=True)
    order(CAT, BESIDE, "buy", 2, 1, "IOC", purpose="analysis")


def _wait(
    do: Callable[..., object], order: Callable[..., c.Placed], hands: Clock
) -> None:
    """Escrow: accepted in part, the rest not delivered; given back; still waiting."""
    do(c.SetWorkdays(STAFF, ((hands.at_us // DAY_US + 2, False),)))
    do(
        c.ListInstrument(
            STAFF, WAITED, "WAITED", VENDOR, 1, 1, 1, terms(WAITED), (), None, 2,
            transferable=False, acceptance=c.Acceptance(3, 2),
        )
    )  # fmt: skip
    order(VENDOR, WAITED, "sell", 41, 1, evergreen=True)
    (parts,) = order(ANN, WAITED, "buy", 41, 5, "IOC", purpose="analysis").trades
    order(BOB, WAITED, "buy", 41, 2, "IOC", purpose="analysis")
    do(c.ReportDelivery(10, VENDOR, parts[0], 3))
    do(c.AcceptDelivery(20, ANN, parts[0], 1))
    hands.at_us += 20 * DAY_US
    do(c.Tick())
    order(CAT, WAITED, "buy", 41, 1, "IOC", purpose="analysis")
    (left,) = order(ANN, WAITED, "buy", 41, 1, "IOC", purpose="analysis").trades
    do(c.ReportDelivery(10, VENDOR, left[0], 1))
    _object(do, order, parts[0])


def _object(
    do: Callable[..., object], order: Callable[..., c.Placed], settled: int
) -> None:
    """Disputes: one decided for a part, one agreed in full, one open; a refund."""
    do(c.PublishFees(STAFF, 300, ((1, "", "book", 0, (100, 2, 3, ((20, 300),))),)))
    found = []
    for member in (ANN, BOB, CAT):
        (one,) = order(member, WAITED, "buy", 41, 1, "IOC", purpose="analysis").trades
        do(c.ReportDelivery(10, VENDOR, one[0], 1))
        note = c.OpenDispute(member * 10, member, one[0], "quality", "half is empty")
        found.append(do(note))
    do(c.AnswerDispute(10, VENDOR, found[0], "it is not", 5))
    do(c.Propose(STAFF, "ResolveDispute", (found[0], 20), "half of it is"))
    do(c.Decide(SECOND, 2, approve=True))
    do(c.AgreeDispute(10, VENDOR, found[1]))
    sale = Sale(settled, ANN, VENDOR, WAITED, 1, 123, 2, 17)
    do(c.AskInvoice(20, ANN, ((sale, 600),), "91310000MA1K00000X"))
    do(c.RefuseInvoice(10, VENDOR, 1, "which tax number?"))
    do(c.AskInvoice(20, ANN, ((sale, 600),)))
    do(c.IssueInvoice(10, VENDOR, 2, "24312000000000000001"))
    do(c.OfferRefund(10, VENDOR, sale, 23, "late"))
    do(c.Decide(SECOND, 3, approve=True))


def _correct(
    do: Callable[..., object], order: Callable[..., c.Placed], hands: Clock
) -> None:
    """CAT's purchase is adjusted to 10, refunded by 4; BOB's, the next, is busted."""
    rule, mark = (3, 1), None
    for member, price in ((CAT, 10), (BOB, None)):
        placed = order(member, METERED, "buy", 12, 1, "IOC", purpose="analysis")
        ((trade, *_),) = placed.trades
        sold = (trade, hands.at_us, member, VENDOR, METERED, 1, 12, 1)
        deal = Struck(*sold, *rule, trade + 2, mark, None)  # two rights were gifts
        asked = c.QuestionTrade(STAFF, deal, price, "a slip of the finger")
        do(c.Decide(SECOND, do(asked), approve=True))
        if price:
            mark = Mark(trade, 12, hands.at_us)
            sale = Sale(trade, member, VENDOR, METERED, 1, 12, 3, trade + 2, 1)
            refund = do(c.OfferRefund(10, VENDOR, sale, 4, "late"))
            do(c.Decide(SECOND, refund, approve=True))


def _price(
    do: Callable[..., object],
    order: Callable[..., c.Placed],
    refused: Callable[[c.Command], None],
) -> None:
    """A ceiling, a free trial that becomes the paid right, personal prices."""
    for number, most, paid in ((CAPPED, 40, None), (TRIAL, 0, CAPPED)):
        do(
            c.ListInstrument(
                STAFF, number, f"SYM{number}", VENDOR, 1, 1, 1, terms(number), (),
                None, None, transferable=False, price_max=most, trial_of=paid,
            )
        )  # fmt: skip
    order(VENDOR, CAPPED, "sell", 40, 1, evergreen=True)
    refused(c.PlaceOrder(10, VENDOR, c.Line(CAPPED, "sell", 41, 1)))
    order(VENDOR, TRIAL, "sell", 0, 1, evergreen=True)
    order(CAT, TRIAL, "buy", 0, 1, "IOC", purpose="analysis")
    order(CAT, CAPPED, "buy", 40, 1, "IOC", purpose="analysis")
    order(BOB, TRIAL, "buy", 0, 1, "IOC", purpose="analysis")
    refused(c.PlaceOrder(30, BOB, c.Line(TRIAL, "buy", 0, 1, "IOC", purpose="a")))
    order(CAT, CAPPED, "buy", 30, 1, purpose="analysis")  # waits
    taken = do(
        c.OfferPrice(10, VENDOR, CAPPED, BOB, 20, 2, "need", "bulk, by custom", FAR_US)
    )
    do(c.TakeOffer(30, BOB, taken, "analysis"))
    left = do(c.OfferPrice(10, VENDOR, POSTED, BOB, 1, 1, "random", "drawn", FAR_US))
    do(c.WithdrawOffer(10, VENDOR, left))


def _negotiate(do: Callable[..., object]) -> None:
    """ANN asks (request 7), counters and gets it at 15; BOB's own offer waits."""
    asked = (2, "asked", "")
    quote = do(c.OfferPrice(10, VENDOR, CAPPED, ANN, 18, *asked, FAR_US, 7))
    lower = do(c.CounterOffer(20, ANN, quote, 12, 2, "bulk", FAR_US, "analysis"))
    last = do(c.CounterOffer(10, VENDOR, lower, 15, 2, "", FAR_US))
    other = do(c.OfferPrice(10, VENDOR, METERED, ANN, 18, *asked, FAR_US, 7))
    do(c.TakeOffer(20, ANN, last, "analysis"))
    declined = c.OfferPrice(30, BOB, CAPPED, VENDOR, 9, *asked, FAR_US, 0, "analysis")
    do(c.DeclineOffer(10, VENDOR, do(declined)))
    do(declined._replace(price=11))
    assert (quote, other) == (3, 6)


def _tender(do: Callable[..., object], hands: Clock) -> None:
    """CAT's tender 8 is opened; 9 has too few bidders and fails; 10 takes bids."""
    until_us = hands.at_us + DAY_US
    for demand in (8, 9, 10):
        closes_us = until_us if demand < 10 else until_us + DAY_US
        do(c.CallTender(40, CAT, demand, closes_us, 1 + demand // 9, 40, 30, 30, 5))
        bid = Bid(VENDOR, CAPPED, 30, 1, "", f"salt-{demand}")
        do(c.SealBid(10, VENDOR, demand, commitment(demand, bid)))
    hands.at_us = until_us
    do(c.Tick())
    shown = tuple(Bid(VENDOR, CAPPED, 30, 1, "", "salt-8"))
    assert do(c.OpenBids(40, CAT, 8, (shown,))) == 1


def _file(do: Callable[..., object], hands: Clock) -> None:
    """A deal of VENDOR and ANN is on record; BOB has yet to confirm another."""
    deal = (True, "Sun", 1, 900, hands.at_us - DAY_US, "", "ab" * 32)
    first = do(c.FileTrade(10, VENDOR, ANN, *deal))
    do(c.ConfirmFiling(20, ANN, first, True, ""))
    do(c.RegisterFiling(STAFF, first, True, ""))
    do(c.FileTrade(10, VENDOR, BOB, *deal))


def _rise(do: Callable[..., object], order: Callable[..., c.Placed]) -> None:
    """METERED is posted at 9, then at 12; CAT has seen 9 and pays it."""
    seen = order(VENDOR, METERED, "sell", 9, 1, evergreen=True).order
    order(VENDOR, METERED, "sell", 12, 1, evergreen=True)
    do(c.CancelOrder(10, VENDOR, seen))
    pinned = order(CAT, METERED, "buy", 9, 1, "IOC", purpose="analysis", quote=seen)
    assert pinned.trades


def _pay_in(do: Callable[..., object]) -> None:
    for member in (ANN, BOB, CAT):
        payin = do(c.RequestPayin(member * 10, member, 1, 100_000, "ref"))
        do(c.ConfirmPayin(STAFF, payin))
    large = do(c.RequestPayin(20, ANN, 1, 50_000_000, "large"))
    do(c.ConfirmPayin(STAFF, large))
    do(c.ApprovePayin(SECOND, large))
    do(c.RejectPayin(STAFF, do(c.RequestPayin(20, ANN, 1, 5, "never came"))))


def _pay_by_card(do: Callable[..., object]) -> None:
    """CAT pays by card: one is charged back in part, one ends; a cost and a payout."""
    number = do(c.RequestCardPayin(40, CAT, 1, 500))
    for line, amount, fee in (("charge", 500, 14), ("dispute", -500, 15)):
        do(c.RecordLine(0, f"txn_{line}", line, number, "pi_1", 1, amount, fee, 5))
    do(c.CloseDispute(0, number, won=False))
    kept = do(c.RequestCardPayin(40, CAT, 1, 600))
    do(c.RecordLine(0, "txn_1", "charge", kept, "pi_2", 1, 600, 9, 5))
    do(c.RecordLine(0, "txn_2", "refund", kept, "pi_2", 1, -100, 0, 5))
    do(c.EndCard(0, do(c.RequestCardPayin(40, CAT, 1, 507))))
    do(c.RecordLine(0, "txn_3", "cost", 0, "", 1, -3, 0, 5))
    do(c.RecordLine(0, "txn_4", "payout", 0, "", 1, -50, 0, 5))
    mend = do(c.Propose(STAFF, "Correct", (1, "bank", "member", CAT, 1, 7), "late"))
    do(c.Decide(SECOND, mend, approve=True))


def _pay_out(do: Callable[..., object]) -> None:
    paid = do(c.RequestPayout(10, VENDOR, 1, 50, "bank"))
    do(c.ApprovePayout(SECOND, paid))
    do(c.PayPayout(THIRD, paid))
    do(c.RequestPayout(20, ANN, 1, 70, "bank"))
    do(c.FailPayout(STAFF, do(c.RequestPayout(20, ANN, 1, 71, "bank"))))
    withdrawn = do(c.RequestPayout(20, ANN, 1, 72, "bank"))
    do(c.CancelPayout(20, ANN, withdrawn))


def open_market(url: str, *, scarce: bool = True) -> None:
    """Make the tables at *url*, let the market live, and close it; see `live`."""
    writes = store.connect(url, write=True)
    metadata.create_all(writes)
    reads = store.connect(url)
    hands = Clock(clock.now_us())
    gateway = Gateway(Exchange(writes, now_us=hands), reads)
    try:
        live(gateway, hands, scarce=scarce)
    finally:
        gateway.close()
        reads.dispose()
        writes.dispose()


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file of a market with nothing wrong."""
    path = tmp_path_factory.mktemp("market") / "market.db"
    open_market(f"sqlite:///{path}")
    return path


@pytest.fixture
def market(healthy: Path, tmp_path: Path) -> Iterator[Connection]:
    """A copy of the healthy market, open to damage: no CHECK stands in the way."""
    for file in healthy.parent.glob("market.db*"):
        shutil.copy(file, tmp_path / file.name)
    engine = store.connect(f"sqlite:///{tmp_path / 'market.db'}", write=True)
    with engine.connect() as db:
        db.exec_driver_sql("COMMIT")  # the setting is deaf within a transaction
        db.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        db.exec_driver_sql("BEGIN IMMEDIATE")
        yield db
        db.rollback()
    engine.dispose()
