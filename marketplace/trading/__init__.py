"""Orders, books and the market that clears and settles them, behind one writer."""

# Importing these registers what carries out each command (see `market.handles`).
from marketplace.trading import (
    baskets,
    busting,
    calls,
    cards,
    charging,
    contesting,
    counting,
    disputing,
    filing,
    negotiating,
    paying,
    placing,
    proposals,
    refunding,
    rights,
    rules,
    stopping,
    tendering,
)

__all__ = [
    "baskets",
    "busting",
    "calls",
    "cards",
    "charging",
    "contesting",
    "counting",
    "disputing",
    "filing",
    "negotiating",
    "paying",
    "placing",
    "proposals",
    "refunding",
    "rights",
    "rules",
    "stopping",
    "tendering",
]
