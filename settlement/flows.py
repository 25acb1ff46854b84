"""The chart of accounts, and every kind of transfer between them, as one table.

Each reason that a transfer may have says which accounts it may take from and give to,
and which figure of a member's statement it belongs to. The audit holds every transfer
against this table; help draws it; statements sum by it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from settlement.ledger import COSTS, HOUSE, PROVIDER, SUSPENSE, Pocket


class Place(StrEnum):
    """A kind of account of money: whose it is, and which pocket."""

    BANK = "bank"
    PROVIDER = "provider"
    COSTS = "costs"
    FREE = "free"
    HELD = "held"
    ESCROW = "escrow"
    OWED = "owed"
    INCOME = "income"
    CLEARING = "clearing"
    RESERVE = "reserve"
    SUSPENSE = "suspense"


class Hand(StrEnum):
    """A kind of account of rights, all of them members'."""

    ISSUED = "issued"
    FREE = "right_free"
    HELD = "right_held"


class Figure(StrEnum):
    """A line of a member's statement, in the order in which they are shown."""

    PAYINS = "payins"
    PAYOUTS = "payouts"
    SALES = "sales"
    PURCHASES = "purchases"
    FEES = "fees"
    SHARES = "shares"
    REFUNDS = "refunds"
    PENALTIES = "penalties"
    NETTING = "netting"
    CORRECTIONS = "corrections"


# Accounts of the house's and of nobody: owner and pocket. All others are members'.
OWN: Mapping[tuple[int, int], Place] = {
    (HOUSE, Pocket.OPEN): Place.BANK,
    (PROVIDER, Pocket.OPEN): Place.PROVIDER,
    (COSTS, Pocket.OPEN): Place.COSTS,
    (SUSPENSE, Pocket.FREE): Place.SUSPENSE,
    (HOUSE, Pocket.FREE): Place.INCOME,
    (HOUSE, Pocket.ESCROW): Place.CLEARING,
    (HOUSE, Pocket.HELD): Place.RESERVE,
}
MEMBERS: Mapping[int, Place] = {
    Pocket.FREE: Place.FREE,
    Pocket.HELD: Place.HELD,
    Pocket.ESCROW: Place.ESCROW,
    Pocket.OPEN: Place.OWED,
}
RIGHTS: Mapping[int, Hand] = {
    Pocket.OPEN: Hand.ISSUED,
    Pocket.FREE: Hand.FREE,
    Pocket.HELD: Hand.HELD,
}
Pair = tuple[Place, Place]


class Flow(NamedTuple):
    """One reason: between which accounts it moves money, and where a statement has it.

    Without a figure it moves within the money of one, or is nobody's of a statement.
    """

    pairs: frozenset[Pair]
    figure: Figure | None = None


def _flow(*pairs: Pair, figure: Figure | None = None) -> Flow:
    return Flow(frozenset(pairs), figure)


_P, _F = Place, Figure
_SET_ASIDE, _GIVEN_BACK = (_P.FREE, _P.HELD), (_P.HELD, _P.FREE)
_BETWEEN_MEMBERS = (_P.FREE, _P.FREE)
_TO_HOUSE, _FROM_HOUSE = (_P.FREE, _P.INCOME), (_P.INCOME, _P.FREE)
_TAKEN = ((_P.FREE, _P.PROVIDER), (_P.OWED, _P.PROVIDER))
# What a correction may touch: `corrections.ACCOUNTS`, and a member's free money.
CORRECTED = (_P.BANK, _P.PROVIDER, _P.COSTS, _P.SUSPENSE, _P.INCOME, _P.FREE)
FLOWS: Mapping[str, Flow] = {
    "payin": _flow((_P.BANK, _P.FREE), (_P.PROVIDER, _P.FREE), figure=_F.PAYINS),
    "card_refund": _flow(*_TAKEN, figure=_F.PAYINS),
    "card_refund_back": _flow((_P.PROVIDER, _P.FREE), figure=_F.PAYINS),
    "chargeback": _flow(*_TAKEN, figure=_F.PAYINS),
    "chargeback_back": _flow((_P.PROVIDER, _P.FREE), figure=_F.PAYINS),
    "debt_paid": _flow((_P.FREE, _P.OWED), figure=_F.PAYINS),
    "provider_cost": _flow((_P.COSTS, _P.PROVIDER), (_P.PROVIDER, _P.COSTS)),
    "provider_payout": _flow((_P.BANK, _P.PROVIDER)),
    "provider_payout_back": _flow((_P.PROVIDER, _P.BANK)),
    "payout_hold": _flow(_SET_ASIDE),
    "payout_release": _flow(_GIVEN_BACK),
    "payout": _flow((_P.HELD, _P.BANK), figure=_F.PAYOUTS),
    **dict.fromkeys(
        (
            *("hold", "quote_hold", "pool_hold", "contract_hold", "deposit", "bond"),
            "budget",
        ),
        _flow(_SET_ASIDE),
    ),
    **dict.fromkeys(
        ("release", "quote_release", "pool_release", "contract_release"),
        _flow(_GIVEN_BACK),
    ),
    "deposit_back": _flow(_GIVEN_BACK),
    "bond_back": _flow(_GIVEN_BACK),
    "budget_back": _flow(_GIVEN_BACK),
    "payment": _flow(_BETWEEN_MEMBERS, (_P.HELD, _P.FREE), figure=_F.SALES),
    "fee": _flow(_TO_HOUSE, figure=_F.FEES),
    "escrow": _flow((_P.FREE, _P.ESCROW), (_P.HELD, _P.ESCROW)),
    "escrow_back": _flow((_P.ESCROW, _P.FREE)),
    "accepted": _flow((_P.ESCROW, _P.FREE), figure=_F.SALES),
    "accepted_fee": _flow(_TO_HOUSE, figure=_F.FEES),
    "use": _flow((_P.HELD, _P.FREE), figure=_F.SALES),
    "use_fee": _flow(_TO_HOUSE, figure=_F.FEES),
    "share": _flow(_BETWEEN_MEMBERS, figure=_F.SHARES),
    "use_share": _flow(_BETWEEN_MEMBERS, figure=_F.SHARES),
    "share_back": _flow(_BETWEEN_MEMBERS, figure=_F.SHARES),
    "refund": _flow(_BETWEEN_MEMBERS, figure=_F.REFUNDS),
    "bust": _flow(_BETWEEN_MEMBERS, figure=_F.REFUNDS),
    "adjust": _flow(_BETWEEN_MEMBERS, figure=_F.REFUNDS),
    "fee_back": _flow(_FROM_HOUSE, figure=_F.FEES),
    "bust_fee": _flow(_FROM_HOUSE, figure=_F.FEES),
    "adjust_fee": _flow(_FROM_HOUSE, _TO_HOUSE, figure=_F.FEES),
    "forfeit": _flow((_P.HELD, _P.FREE), figure=_F.PENALTIES),
    "bond_lost": _flow((_P.HELD, _P.FREE), figure=_F.PENALTIES),
    "penalty": _flow((_P.FREE, _P.RESERVE), figure=_F.PENALTIES),
    "cover": _flow((_P.FREE, _P.ESCROW), (_P.HELD, _P.ESCROW)),
    "cover_back": _flow((_P.ESCROW, _P.FREE)),
    "netting": _flow(
        (_P.ESCROW, _P.CLEARING), (_P.FREE, _P.CLEARING), (_P.CLEARING, _P.FREE),
        figure=_F.NETTING,
    ),
    "netting_fee": _flow((_P.CLEARING, _P.INCOME)),
    "advance": _flow((_P.RESERVE, _P.CLEARING)),
    "debt": _flow((_P.FREE, _P.RESERVE), figure=_F.NETTING),
    "reserve": _flow((_P.INCOME, _P.RESERVE), (_P.RESERVE, _P.INCOME)),
    "correction": _flow(
        *((a, b) for a in CORRECTED for b in CORRECTED if a != b),
        figure=_F.CORRECTIONS,
    ),
}  # fmt: skip
# Rights move for fewer reasons, and never to the house.
RIGHT_FLOWS: Mapping[str, frozenset[tuple[Hand, Hand]]] = {
    "hold": frozenset(((Hand.ISSUED, Hand.HELD), (Hand.FREE, Hand.HELD))),
    "release": frozenset(((Hand.HELD, Hand.ISSUED), (Hand.HELD, Hand.FREE))),
    "delivery": frozenset((hand, Hand.FREE) for hand in Hand),
    "grant": frozenset(((Hand.ISSUED, Hand.FREE), (Hand.FREE, Hand.FREE))),
    "revoke": frozenset(((Hand.FREE, Hand.ISSUED),)),
    "expire": frozenset(((Hand.FREE, Hand.ISSUED),)),
}


def place(owner: int, pocket: int) -> Place | None:
    """Return which kind of account of money this is; None if there is no such kind."""
    return MEMBERS[pocket] if owner > 0 else OWN.get((owner, pocket))


def figure_of(reason: str, change: int) -> Figure | None:
    """Return where a statement has a change of a member's money for *reason*.

    What the seller gets is a sale, what the buyer pays a purchase; None: nowhere.
    """
    flow = FLOWS.get(reason)
    if flow is None:
        return None
    bought = flow.figure is Figure.SALES and change < 0
    return Figure.PURCHASES if bought else flow.figure


def reasons_of(figure: Figure) -> tuple[str, ...]:
    """Return the reasons whose transfers a figure sums."""
    sought = Figure.SALES if figure is Figure.PURCHASES else figure
    return tuple(name for name, flow in FLOWS.items() if flow.figure is sought)
