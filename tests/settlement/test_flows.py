"""The chart of accounts has every pocket and every reason that the code can write."""

import ast
from collections.abc import Iterator
from pathlib import Path

from marketplace.web.transfers import REASONS
from settlement import ledger
from settlement.corrections import ACCOUNTS
from settlement.flows import (
    CORRECTED,
    FLOWS,
    MEMBERS,
    OWN,
    RIGHT_FLOWS,
    RIGHTS,
    Figure,
    Place,
    figure_of,
    place,
    reasons_of,
)
from settlement.ledger import Pocket

ROOT = Path(__file__).resolve().parents[2]
OWNERS = {"HOUSE", "PROVIDER", "COSTS", "SUSPENSE"}


def written() -> Iterator[tuple[str, str]]:
    """Yield each constant that is handed to Transfer as its reason, and where."""
    for room in ("settlement", "marketplace/trading"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or len(node.args) < 4:
                    continue
                if isinstance(node.func, ast.Name) and node.func.id == "Transfer":
                    reason = node.args[3]
                    if isinstance(reason, ast.Constant):
                        yield str(reason.value), file.name


def test_every_reason_that_the_code_writes_is_in_the_chart():
    found = set(written())
    assert len(found) > 20
    assert {reason for reason, _ in found} <= {*FLOWS, *RIGHT_FLOWS}
    assert {*FLOWS, *RIGHT_FLOWS} == set(REASONS)  # and what each is called


def test_every_pocket_of_every_owner_is_in_the_chart():
    named = {n for n, v in vars(ledger).items() if n.isupper() and isinstance(v, int)}
    assert named - {"ASSETS_MAX"} == OWNERS
    assert {owner for owner, _ in OWN} == {getattr(ledger, name) for name in OWNERS}
    assert set(MEMBERS) == set(Pocket)
    assert set(RIGHTS) < set(Pocket)
    assert {*OWN.values(), *MEMBERS.values()} == set(Place)
    assert place(7, Pocket.HELD) is Place.HELD
    assert place(ledger.SUSPENSE, Pocket.HELD) is None


def test_corrections_go_between_what_they_may_touch():
    assert {OWN[account] for account in ACCOUNTS.values()} | {Place.FREE} == {
        *CORRECTED
    }


def test_what_changes_a_members_money_has_a_figure_and_nothing_else_has():
    own = set(MEMBERS.values()) - {Place.OWED}
    for reason, flow in FLOWS.items():
        inside = {pair for pair in flow.pairs if set(pair) <= own}
        between = reason in {"payment", "accepted", "use", *FORFEITED, *SHARED}
        changes = between or any(set(pair) & own for pair in flow.pairs - inside)
        assert changes is (flow.figure is not None), reason


FORFEITED = {"forfeit", "bond_lost"}
SHARED = {"share", "share_back", "use_share", "refund", "bust", "adjust"}


def test_what_the_seller_gets_is_a_sale_and_what_the_buyer_pays_a_purchase():
    assert figure_of("payment", 5) is Figure.SALES
    assert figure_of("payment", -5) is Figure.PURCHASES
    assert figure_of("hold", -5) is None
    assert reasons_of(Figure.PURCHASES) == reasons_of(Figure.SALES)
