"""What members agree in contracts, for the market that the tests damage."""

from collections.abc import Callable

import pytest

from marketplace.trading import commands as c
from marketplace.trading.agreements import AnotherText
from settlement.canonical import canonical
from tests.floor import Clock

VENDOR, ANN, BOB, CAT = 1, 2, 3, 4
STAFF, RESALE, DAY_US = 901, 1_001, 86_400_000_000


def contract(do: Callable[..., object], hands: Clock) -> None:
    """ANN's contract 1 is paid in two of three stages; 2 waits, signed by BOB.

    Contract 3 of CAT was returned after it was signed.
    """
    stages = (("a", 3_000, 0), ("b", 4_000, 5), ("c", 3_000, 9))
    far = (stages, 3, 365 * DAY_US, hands.at_us + 90 * DAY_US)
    for number, buyer in ((1, ANN), (2, BOB), (3, CAT)):
        do(
            c.DraftContract(
                10, VENDOR, buyer, RESALE, 1_001, 1, "analysis", *far, buyer == ANN,
                canonical({"title": f"number {number}"}),
            )
        )  # fmt: skip

    def sign(number: int, *parties: int) -> object:
        for party in parties:
            with pytest.raises(AnotherText) as refused:
                do(c.SignContract(STAFF, party, number, ""))
            signs = c.SignContract(STAFF, party, number, refused.value.sha256)
            done = do(signs)
        return done

    trade = sign(1, ANN, VENDOR, 0)
    sign(2, BOB)
    sign(3, CAT)
    do(c.ReturnContract(10, VENDOR, 3, "not so"))
    do(c.AcceptDelivery(20, ANN, trade))
    do(c.ReportDelivery(10, VENDOR, trade, 1))
    do(c.CancelSale(20, ANN, trade, True, "enough"))


def group(do: Callable[..., object], hands: Clock) -> None:
    """ANN and BOB buy at 30 in a group; CAT waits alone in the second, at 44."""
    tiers = ((1, 44), (2, 30))
    for number, members in ((1, (ANN, BOB)), (2, (CAT,))):
        closes_us = hands.at_us + number * 3_600_000_000
        do(c.OpenPool(10, VENDOR, RESALE, tiers, 2, closes_us))
        for member in members:
            do(c.JoinPool(member * 10, member, number, "analysis"))
    hands.at_us += 3_600_000_000
    do(c.Tick())
