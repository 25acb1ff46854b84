"""State machines: what is in the table happens, everything else is refused."""

from itertools import product

import pytest

from marketplace.trading.orders import ORDER, OrderState
from marketplace.trading.venue import BOOK, BookState
from settlement.entitlements import ENTITLEMENT, EntitlementState
from settlement.errors import IllegalMove
from settlement.payments.payins import PAYIN, PayinState
from settlement.payments.payouts import PAYOUT, PayoutState

MACHINES = {
    machine.name: (machine, begin, ends)
    for machine, begin, ends in (
        (ORDER, OrderState.OPEN, {"filled", "cancelled", "expired"}),
        (BOOK, BookState.LISTED, {"delisted"}),
        (ENTITLEMENT, EntitlementState.ACTIVE, {"expired", "revoked"}),
        (PAYIN, PayinState.CREATED, {"failed", "refunded", "charged_back"}),
        (PAYOUT, PayoutState.REQUESTED, {"paid", "failed", "cancelled"}),
    )
}


@pytest.fixture(params=sorted(MACHINES))
def machine(request):
    """One machine after the other, with where it begins and may end."""
    return MACHINES[request.param]


def test_legal_moves_happen_and_all_others_are_refused_with_facts(machine):
    table, begin, _ = machine
    events = {event for _, event in table.moves}
    for state, event in product(type(begin), events):
        if table.may(state, event):
            assert table.after(state, event) is table.moves[state, event]
            continue
        with pytest.raises(IllegalMove) as refused:
            table.after(state, event)
        assert refused.value.facts() == {
            "machine": table.name,
            "state": state.value,
            "event": event.value,
        }


def test_every_state_is_reached_from_the_beginning(machine):
    table, begin, _ = machine
    reached, before = {begin}, set()
    while reached != before:
        before = set(reached)
        reached |= {to for (state, _), to in table.moves.items() if state in before}
    assert reached == set(type(begin))


def test_only_the_ends_have_no_way_out(machine):
    table, begin, ends = machine
    left = {state for state, _ in table.moves}
    assert {str(state) for state in type(begin) if state not in left} == ends
