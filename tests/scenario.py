"""Scenarios as text for traders: who has what, who does what, what follows.

Above the line ``---`` the lines happen; below it every trade and, where asked, what
someone has then. Prices are in minor units; SUN is transferable and sold by vera::

    ann has 5 SUN            ann holds rights (granted), or cash: cat has 100 CNY
    vera posts SUN @ 12      a posted price: an evergreen offer
    ann offers 5 SUN @ 11    a finite offer
    cat bids 7 SUN @ 12      a bid that waits
    cat buys 3 SUN           at the market; "cat buys 3 SUN @ 12" takes or leaves it
    dan sells 2 SUN          at the market
    cat cancels              everything of cat's that waits
    cat bids … ✗ code        is refused with that code
    ---
    cat buys 5 SUN @ 11 from ann
    cat has 45 CNY free and 55 CNY held
"""

import re
from typing import Any

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from settlement.errors import Refusal
from settlement.ledger import Pocket
from settlement.money import BY_CODE

STAFF, SECOND, VERA = 901, 902, 1
SUN = 1_000
PURPOSE = "analysis"
WORD = r"[a-z]+"
HAS = re.compile(rf"({WORD}) has (\d+) ([A-Z]+)")
ORDER = re.compile(
    rf"({WORD}) (posts|offers|bids|buys|sells) (?:(\d+) )?SUN(?: @ (\d+))?"
)
TRADE = re.compile(rf"({WORD}) buys (\d+) SUN @ (\d+) from ({WORD})")
POCKETS = re.compile(rf"({WORD}) has (\d+) ([A-Z]+) free and (\d+) [A-Z]+ held")


class Play:
    """One market with names for its members, to play scenarios on."""

    def __init__(self) -> None:
        """Open the market with one vendor (vera) and one instrument (SUN)."""
        self.market = Market()
        self.members = {"vera": VERA}
        self.seq = 0
        self.at_us = 1_000_000
        self.trades: list[str] = []
        self.do(c.SetStanding(STAFF, VERA, verified=True))
        self.do(
            c.ListInstrument(
                STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Sun"}', (), None, None,
                transferable=True,
            )
        )  # fmt: skip

    def do(self, command: c.Command) -> Any:
        """Apply a command as the next number, one microsecond later."""
        self.seq += 1
        self.at_us += 1
        return self.market.apply(command, self.seq, self.at_us)

    def member(self, name: str) -> int:
        """Return the member called *name*, verified at first mention."""
        if name not in self.members:
            self.members[name] = len(self.members) + 1
            self.do(c.SetStanding(STAFF, self.members[name], verified=True))
        return self.members[name]

    def name(self, member: int) -> str:
        """Return what the member is called."""
        return next(name for name, number in self.members.items() if number == member)

    def happen(self, line: str) -> None:
        """Play one line."""
        text, _, code = (part.strip() for part in line.partition("✗"))
        happened = ""
        try:
            self._happen(text)
        except Refusal as refusal:
            happened = refusal.code
        assert happened == code, f"{line}: {happened or 'was not refused'}"

    def _happen(self, line: str) -> None:
        if found := HAS.fullmatch(line):
            self._give(self.member(found[1]), int(found[2]), found[3])
        elif line.endswith(" cancels"):
            name = line.removesuffix(" cancels")
            self.do(c.CancelAll(1, self.member(name)))
        else:
            found = ORDER.fullmatch(line)
            assert found, f"no such line in a scenario: {line}"
            self._order(*found.groups())

    def _give(self, member: int, amount: int, asset: str) -> None:
        if asset == "SUN":
            self.do(c.GrantRight(STAFF, member, SUN, amount, PURPOSE))
            return
        currency = BY_CODE[asset].asset
        payin = self.do(c.RequestPayin(member, member, currency, amount, "cash"))
        if self.do(c.ConfirmPayin(STAFF, payin)) == "pending":
            self.do(c.ApprovePayin(SECOND, payin))

    def _order(
        self, name: str, verb: str, quantity: str | None, price: str | None
    ) -> None:
        member = self.member(name)
        waits = verb in ("posts", "offers", "bids")
        line = c.Line(
            SUN,
            "buy" if verb in ("bids", "buys") else "sell",
            None if price is None else int(price),
            int(quantity or 1),
            "GTC" if waits else "IOC",
            evergreen=verb == "posts",
            purpose=PURPOSE,
        )
        placed = self.do(c.PlaceOrder(member, member, line))
        for number, at, amount in placed.trades:
            trade = next(t for t in self.market.trades_new if t.number == number)
            self.trades.append(
                f"{self.name(trade.buyer)} buys {amount} SUN @ {at}"
                f" from {self.name(trade.seller)}"
            )

    def expect(self, lines: list[str]) -> None:
        """Compare the trades and what members have with *lines*."""
        expected = [line for line in lines if TRADE.fullmatch(line)]
        assert self.trades == expected
        for line in lines:
            if line not in expected:
                self._expect_balance(line)

    def _expect_balance(self, line: str) -> None:
        if found := POCKETS.fullmatch(line):
            wanted = (int(found[2]), int(found[4]))
            assert self.has(found[1], found[3]) == wanted, line
            return
        found = HAS.fullmatch(line)
        assert found, f"no such line below a scenario: {line}"
        assert sum(self.has(found[1], found[3])) == int(found[2]), line

    def has(self, name: str, asset: str) -> tuple[int, int]:
        """Return what a member (or the house) has: (free, held)."""
        owner = 0 if name == "house" else self.member(name)
        number = SUN if asset == "SUN" else BY_CODE[asset].asset
        balance = self.market.ledger.balance
        return balance(owner, number, Pocket.FREE), balance(owner, number, Pocket.HELD)


def play(text: str) -> Play:
    """Play a scenario and check what it expects."""
    above, _, below = text.partition("---")
    stage = Play()
    for line in above.splitlines():
        if line.strip():
            stage.happen(line.strip())
    stage.expect([line.strip() for line in below.splitlines() if line.strip()])
    assert set(stage.market.ledger.totals().values()) <= {0}
    return stage
