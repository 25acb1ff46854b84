"""Shares: the proceeds of a trade among all who have a part in them, to the cent.

Proceeds are what the seller gets after the fee. Whoever else has a part gets it in the
same step, and gives it back in the same step if the money goes back (domain §9: one
sale pays source department, primary and secondary developer).
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from settlement.ledger import Ledger, Pocket, Transfer
from settlement.money import split

PARTIES_MAX = 20  # of one trade, the vendor included


class Role(StrEnum):
    """What somebody has a share for."""

    VENDOR = "vendor"
    SOURCE = "source"  # the body that the data come from
    OPERATOR = "operator"  # primary developer, of public data under operation
    DEVELOPER = "developer"  # secondary developer
    LICENSOR = "licensor"  # of what the product was derived from


class Stake(NamedTuple):
    """A part in the proceeds: its weight among those of the same trade."""

    party: int
    role: str
    weight: int


def change(total: int, weights: Sequence[int], had: Sequence[int]) -> tuple[int, ...]:
    """Return who gets more (or, if *total* fell, less) so that all have *total*.

    By largest remainder of what each lacks of its exact part: the first step strays
    from no part by a cent, and a total of zero takes from each all it had. Over many
    steps cents may add up; see `grow`. Amounts in minor units; *had* is in order of
    *weights*.
    """
    whole, moved = sum(weights), total - sum(had)
    if not moved:
        return (0,) * len(weights)
    sign = 1 if moved > 0 else -1
    lacks = [
        max(0, sign * (total * weight - has * whole))
        for weight, has in zip(weights, had, strict=True)
    ]
    return tuple(sign * part for part in split(abs(moved), lacks))


def grow(total: int, weights: Sequence[int], had: Sequence[int]) -> tuple[int, ...]:
    """Return who gets more as *total* rises in many small steps, as by metered use.

    However many the steps and the parties, each has its exact part to less than a minor
    unit, and nobody gives anything back; by `change` what is short would add up. What
    is left of a step goes first to who would soonest be a whole unit short (earliest
    deadline first). Amounts in minor units; *had* is in order of *weights*.
    """
    whole = sum(weights)
    parts = [
        max(has, total * weight // whole)
        for weight, has in zip(weights, had, strict=True)
    ]
    rest = total - sum(parts)
    if rest < 0:  # what was shared was not shared so: it fell in between
        return change(total, weights, had)
    short = [n for n, w in enumerate(weights) if parts[n] * whole < total * w]
    short.sort(key=lambda n: -(-(parts[n] + 1) * whole // weights[n]))
    for n in short[:rest]:
        parts[n] += 1
    return tuple(part - has for part, has in zip(parts, had, strict=True))


How = Callable[[int, Sequence[int], Sequence[int]], tuple[int, ...]]


class Shares:
    """The shares of one trade: its stakes, frozen, and what each has got so far."""

    __slots__ = ("amounts", "currency", "netted", "seller", "stakes", "trade")

    def __init__(
        self,
        trade: int,
        currency: int,
        seller: int,
        stakes: tuple[Stake, ...],
        amounts: Sequence[int] = (),
    ) -> None:
        """Take the values as they are; the seller's own stake is the first."""
        self.trade = trade
        self.currency = currency
        self.seller = seller
        self.stakes = stakes
        self.amounts = list(amounts) or [0] * len(stakes)
        self.netted = [0] * len(self.amounts)  # of that, by a run at once

    @property
    def total(self) -> int:
        """Return the proceeds that were shared so far, in minor units."""
        return sum(self.amounts)

    def set(self, total: int, how: How = change) -> tuple[int, ...]:
        """Share *total* instead of what was shared so far; what changed, by stake."""
        weights = [stake.weight for stake in self.stakes]
        changed = how(total, weights, self.amounts)
        self.amounts = [a + b for a, b in zip(self.amounts, changed, strict=True)]
        return changed

    def net(self, total: int) -> None:
        """Share *total* by a netting run, which moves it with all else."""
        self.set(total)
        self.netted = list(self.amounts)

    def planned(self, total: int) -> dict[int, int]:
        """Return what each other party would get if *total* were shared now."""
        weights = [stake.weight for stake in self.stakes]
        plan: dict[int, int] = {}
        changed = change(total, weights, self.amounts)
        for stake, amount in zip(self.stakes, changed, strict=True):
            if amount and stake.party != self.seller:
                plan[stake.party] = plan.get(stake.party, 0) + amount
        return plan

    def follow(self, ledger: Ledger, total: int) -> list[Transfer]:
        """Share *total* instead; the transfers between the seller and the others."""
        moves = self.moves(ledger, total)
        self.set(total)
        return moves

    def follow_use(self, ledger: Ledger, total: int, use: int) -> list[Transfer]:
        """Share *total* instead, of a period of metered use; *use* is what raised it.

        Its transfers have a reason of their own: their subject is no trade.
        """
        moves = [
            move._replace(reason="use_share", subject=use)
            for move in self.moves(ledger, total, grow)
        ]
        self.set(total, grow)
        return moves

    def moves(self, ledger: Ledger, total: int, how: How = change) -> list[Transfer]:
        """Return the transfers that would share *total* instead; nothing is shared."""
        weights, moves = [stake.weight for stake in self.stakes], []
        changed = how(total, weights, self.amounts)
        for stake, amount in zip(self.stakes, changed, strict=True):
            if not amount or stake.party == self.seller:
                continue
            sellers = ledger.number(self.seller, self.currency, Pocket.FREE)
            theirs = ledger.number(stake.party, self.currency, Pocket.FREE)
            pair = (sellers, theirs) if amount > 0 else (theirs, sellers)
            reason = "share" if amount > 0 else "share_back"
            moves.append(Transfer(*pair, abs(amount), reason, self.trade))
        return moves

    def rows(self) -> list[tuple[object, ...]]:
        """Return the values in the order of the table's columns."""
        return [
            (self.trade, place, stake.party, stake.role, stake.weight, amount, netted)
            for place, (stake, amount, netted) in enumerate(
                zip(self.stakes, self.amounts, self.netted, strict=True)
            )
        ]
