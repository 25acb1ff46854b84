"""The agenda: each kind of thing that waits for a moment has a rank of its own."""

import sys

import marketplace.trading.exchange  # noqa: F401 (all that waits is imported by it)
from settlement.disputes import Dispute
from settlement.escrows import Escrow


def test_no_two_kinds_share_a_rank():
    kinds = {
        kind
        for name, module in list(sys.modules.items())
        if name.startswith(("marketplace.", "settlement."))
        for kind in vars(module).values()
        if isinstance(kind, type) and isinstance(vars(kind).get("rank"), int)
    }
    assert {Dispute, Escrow} <= kinds
    ranks = {kind.__name__: vars(kind)["rank"] for kind in kinds}
    assert len(set(ranks.values())) == len(ranks), ranks
