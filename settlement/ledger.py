"""Double-entry accounts (owner × asset × pocket) and the only way to move anything."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from settlement.errors import InsufficientBalance
from settlement.money import BY_ASSET

HOUSE = 0  # the operator's own owner number
# Owners that are nobody: accounts of the house's own, apart from its income.
PROVIDER = -2  # clearing: below zero by what a payment provider has of ours
COSTS = -3  # what providers and banks charged the house
SUSPENSE = -4  # money that came and is not yet known whose it is
ASSETS_MAX = 1 << 40


class Pocket(IntEnum):
    """Where an owner's asset is: at hand, reserved, in escrow, or issued."""

    FREE = 0
    HELD = 1
    ESCROW = 2
    OPEN = 3  # may go below zero: a right issued; money outside, or owed by a member


class Account(NamedTuple):
    """One account; its number is its place in `Ledger.accounts`."""

    owner: int
    asset: int
    pocket: int


class Transfer(NamedTuple):
    """One move from the account *debit* to the account *credit*, by account number."""

    debit: int
    credit: int
    amount: int
    reason: str
    subject: int  # number of the trade, order, payin, payout or entitlement


class Ledger:
    """All balances, as lists of integers indexed by account number.

    A transfer that would take an account below zero is refused, except in the OPEN
    pocket: an issuance account's negative balance is what is outstanding.
    """

    def __init__(self) -> None:
        """Start with no accounts."""
        self.accounts: list[Account] = []
        self.balances: list[int] = []
        self.touched: set[int] = set()  # account numbers changed since the last drain
        self.posted: list[tuple[int, int, Transfer]] = []  # (number, seq, transfer)
        self.transfers = 0  # the last transfer's number
        self._numbers: dict[int, int] = {}

    def number(self, owner: int, asset: int, pocket: int) -> int:
        """Return the account's number; open it at zero if there is none."""
        key = (owner * ASSETS_MAX + asset) * 4 + pocket
        found = self._numbers.get(key)
        if found is not None:
            return found
        number = self._numbers[key] = len(self.accounts)
        self.accounts.append(Account(owner, asset, pocket))
        self.balances.append(0)
        self.touched.add(number)
        return number

    def balance(self, owner: int, asset: int, pocket: int = Pocket.FREE) -> int:
        """Return what is in the account (0 if it was never opened)."""
        found = self._numbers.get((owner * ASSETS_MAX + asset) * 4 + pocket)
        return 0 if found is None else self.balances[found]

    def require(self, owner: int, asset: int, amount: int) -> None:
        """Refuse with InsufficientBalance unless *amount* is free."""
        available = self.balance(owner, asset)
        if available < amount:
            currency = BY_ASSET.get(asset)
            name = currency.code if currency else str(asset)
            raise InsufficientBalance(name, needed=amount, available=available)

    def post(self, seq: int, transfers: Sequence[Transfer]) -> None:
        """Apply every transfer in order, or refuse and leave no trace.

        *seq* is the journal number of the command that causes them. Raises
        InsufficientBalance if an account that must not go below zero would.
        """
        balances, accounts = self.balances, self.accounts
        for done, (debit, credit, amount, _, _) in enumerate(transfers):
            assert amount > 0, transfers
            left = balances[debit] - amount
            if left < 0 and accounts[debit].pocket != Pocket.OPEN:
                available = balances[debit]
                for undone in transfers[:done]:
                    balances[undone.debit] += undone.amount
                    balances[undone.credit] -= undone.amount
                account = accounts[debit]
                raise InsufficientBalance(str(account.asset), amount, available)
            balances[debit] = left
            balances[credit] += amount
        number, touched, posted = self.transfers, self.touched, self.posted
        for transfer in transfers:
            number += 1
            posted.append((number, seq, transfer))
            touched.add(transfer.debit)
            touched.add(transfer.credit)
        self.transfers = number

    def restore(self, accounts: Iterable[tuple[Account, int]], transfers: int) -> None:
        """Take over accounts with their balances from the records, by number."""
        for account, balance in accounts:
            self.balances[self.number(*account)] = balance
        self.transfers = transfers
        self.touched.clear()

    def totals(self) -> dict[int, int]:
        """Return the sum of all balances for each asset; each must be zero."""
        sums: dict[int, int] = {}
        for account, balance in zip(self.accounts, self.balances, strict=True):
            sums[account.asset] = sums.get(account.asset, 0) + balance
        return sums
