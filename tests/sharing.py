"""Products whose proceeds are shared: by consent, through a royalty, in escrow."""

from collections.abc import Callable, Iterator
from typing import Any

from listings import plans
from marketplace.trading import commands as c
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.scope import Scope
from marketplace.trading.splits import Part
from settlement.canonical import canonical

STAFF, SECOND = 901, 902
SHARED, ORIGINAL, SLOW, METERED = 1_020, 1_021, 1_022, 1_023
PRODUCT, UPSTREAM = 6, 7
PRICE = 97  # of each, in minor units
RATES = (("dataset", 600), ("service", 300), ("application", 1_300), ("fee", 600))


def listing(instrument: int, vendor: int, product: int, days: int = 0) -> Any:
    """Return the command that lists an instrument of a product."""
    return c.ListInstrument(
        STAFF, instrument, f"SHARED{instrument}", vendor, 1, 1, 1, "{}", (), None, None,
        transferable=False, scope=Scope(product), acceptance=Acceptance(days),
    )  # fmt: skip


def products(vendor: int, upstream: int) -> Iterator[Any]:
    """Yield what lists and posts two products, one of which may owe to the other."""
    yield listing(SHARED, vendor, PRODUCT)
    yield listing(SLOW, vendor, PRODUCT, days=3)
    yield listing(ORIGINAL, upstream, UPSTREAM)
    for instrument, seller in ((SHARED, vendor), (SLOW, vendor), (ORIGINAL, upstream)):
        line = c.Line(instrument, "sell", PRICE, 1, evergreen=True)
        yield c.PlaceOrder(seller, seller, line)


def agreements(vendor: int, upstream: int, source: int, operator: int) -> Iterator[Any]:
    """Yield what puts two agreements in force; two more end or wait.

    Of PRODUCT 15 % go to the source, 10 % to the operator, 3.33 % upstream, where the
    source has a half.
    """
    half = Part(source, 0, "developer", 5_000)
    yield c.ProposeSplit(upstream, upstream, UPSTREAM, (half,))
    yield c.AgreeSplit(source, source, 1)
    parts = (
        Part(source, 0, "source", 1_500),
        Part(operator, 0, "operator", 1_000),
        Part(0, UPSTREAM, "licensor", 333),
    )
    yield c.ProposeSplit(vendor, vendor, PRODUCT, parts)
    for party in dict.fromkeys((source, operator, upstream)):
        yield c.AgreeSplit(party, party, 2)
    yield c.ProposeSplit(upstream, upstream, UPSTREAM, ())
    yield c.RejectSplit(source, source, 3)
    yield c.ProposeSplit(vendor, vendor, PRODUCT, ())
    yield c.AgreeSplit(operator, operator, 4)


def buy(instrument: int, member: int, quantity: int) -> c.PlaceOrder:
    """Return an order that takes the posted price."""
    line = c.Line(instrument, "buy", PRICE, quantity, "IOC", purpose="analysis")
    return c.PlaceOrder(member, member, line)


def live(do: Callable[[Any], Any], vendor: int, upstream: int, a: int, b: int) -> None:
    """Let shared products be traded: at once, accepted in part; and taxed anew."""
    for command in (*products(vendor, upstream), *agreements(vendor, upstream, a, b)):
        do(command)
    do(buy(SHARED, a, 3))
    ((slow, _, _),) = do(buy(SLOW, b, 5)).trades
    do(c.AcceptDelivery(b, b, slow, 2))
    number = do(c.Propose(STAFF, "SetTaxes", (RATES,), "a new law"))
    do(c.Decide(SECOND, number, approve=True))
    do(c.AcceptDelivery(b, b, slow))
    do(buy(SHARED, b, 1))
    use(do, vendor, b)


def metered(vendor: int) -> Any:
    """Return the command that lists metered use of PRODUCT, 7 a call."""
    plan = plans.dump(plans.Plan(tiers=(plans.Tier(None, 7),)))
    terms = canonical({"mode": "per_call", "plan": plan})
    return listing(METERED, vendor, PRODUCT)._replace(terms=terms)


def use(do: Callable[[Any], Any], vendor: int, holder: int) -> None:
    """Let the holder call a shared service: 9 times at 7, then 4 times."""
    do(metered(vendor))
    right = do(c.GrantRight(STAFF, holder, METERED, 1, "analysis"))
    do(c.SetBudget(holder, holder, right, 95))
    for place, calls in ((0, 9), (50, 4)):
        line = (right, 0, calls, calls, calls)
        do(c.CountUse(0, "shared", place, place + 50, (line,)))
