"""The help on accounts: every pocket and kind of transfer, drawn from the code."""

from collections.abc import Iterable, Mapping
from math import hypot
from typing import NamedTuple

from flask import render_template
from flask.typing import ResponseReturnValue

from listings.marking import N_
from marketplace.web.diagrams import BOX_HEIGHT, BOX_WIDTH, COLUMN, MARGIN, Box
from marketplace.web.guide import bp
from settlement.flows import CORRECTED, FLOWS, RIGHT_FLOWS, Hand, Place

Kind = Place | Hand
ROW = 112
MEMBERS, HOUSE, OUTSIDE = N_("the member"), N_("the exchange"), N_("outside")
LOOP = 26  # how far a move from a kind of account to the same goes out
APART = 9  # between the two ways of a pair
AROUND = 128  # how far from its middle a way past another box swings out
AT = 0.42  # of a way's length: where its number stands
TINY = 1e-9


class Meaning(NamedTuple):
    """What a kind of account is: its name, whose it is, what stands in it."""

    name: str
    whose: str
    says: str


MEANINGS: Mapping[Kind, Meaning] = {
    Place.BANK: Meaning(
        N_("Bank"),
        OUTSIDE,
        N_("Below zero by what our account at the bank holds: the other side of it."),
    ),
    Place.PROVIDER: Meaning(
        N_("Payment provider"),
        OUTSIDE,
        N_("Below zero by what the provider has of ours and will send to the bank."),
    ),
    Place.COSTS: Meaning(
        N_("Costs of payment"),
        OUTSIDE,
        N_("Below zero by what banks and providers charged us; the exchange bears it."),
    ),
    Place.FREE: Meaning(
        N_("Free money"),
        MEMBERS,
        N_("At hand: it buys, is paid out, and is where proceeds arrive."),
    ),
    Place.HELD: Meaning(
        N_("Held"),
        MEMBERS,
        N_(
            "Reserved for a bid, an offer, a deposit, a group, a contract, metered use"
            " or a payout; it is free again as soon as that ends."
        ),
    ),
    Place.ESCROW: Meaning(
        N_("Escrow"),
        MEMBERS,
        N_(
            "The buyer's until delivery is accepted or the cycle ends, and nobody's"
            " to spend meanwhile."
        ),
    ),
    Place.OWED: Meaning(
        N_("Owed"),
        MEMBERS,
        N_(
            "Below zero by what the member owes after a chargeback or a refund to its"
            " card; whatever becomes free pays it first."
        ),
    ),
    Place.INCOME: Meaning(
        N_("Income"),
        HOUSE,
        N_("Fees of the exchange: its own money, apart from all members'."),
    ),
    Place.RESERVE: Meaning(
        N_("Reserve"),
        HOUSE,
        N_("The exchange's own money that pays for a member that fails in a run."),
    ),
    Place.CLEARING: Meaning(
        N_("Clearing"),
        HOUSE,
        N_("What a netting run collects and pays on; empty before and after it."),
    ),
    Place.SUSPENSE: Meaning(
        N_("Suspense"),
        HOUSE,
        N_("Money that came and is not yet known whose it is; not the exchange's."),
    ),
    Hand.ISSUED: Meaning(
        N_("Issued"),
        MEMBERS,
        N_("The vendor's, below zero by what is outstanding of an instrument."),
    ),
    Hand.FREE: Meaning(
        N_("Rights at hand"), MEMBERS, N_("Rights that the holder may use or sell on.")
    ),
    Hand.HELD: Meaning(
        N_("Rights on offer"), MEMBERS, N_("Rights that wait in a book to be sold.")
    ),
}
WHERE: Mapping[Kind, tuple[int, int]] = {
    Place.BANK: (0, 0),
    Place.PROVIDER: (0, 2),
    Place.COSTS: (0, 3),
    Place.HELD: (1, 0),
    Place.FREE: (1, 1),
    Place.ESCROW: (1, 2),
    Place.OWED: (1, 3),
    Place.INCOME: (2, 0),
    Place.RESERVE: (2, 1),
    Place.CLEARING: (2, 2),
    Place.SUSPENSE: (2, 3),
    Hand.ISSUED: (0, 0),
    Hand.HELD: (1, 1),
    Hand.FREE: (2, 0),
}


class Way(NamedTuple):
    """All transfers from one kind of account to another, by number on the drawing."""

    number: int
    source: Kind
    target: Kind
    reasons: tuple[str, ...]
    path: str  # of an SVG
    x: int  # of the number
    y: int


class Drawing(NamedTuple):
    """Kinds of accounts as boxes, and the ways between them."""

    name: str
    width: int
    height: int
    boxes: tuple[tuple[Box, Meaning], ...]
    ways: tuple[Way, ...]


@bp.get("/accounts")
def accounts() -> ResponseReturnValue:
    """Show the chart of accounts and the flow of money and rights between them."""
    return render_template(
        "help/accounts.html",
        drawings=draw_flows(),
        meanings=MEANINGS,
        corrected=[MEANINGS[place] for place in CORRECTED],
    )


def draw_flows() -> tuple[Drawing, Drawing]:
    """Return the drawings of money and of rights.

    A correction may go between any two of what it may touch: it is told in words.
    """
    money: dict[tuple[Kind, Kind], list[str]] = {}
    rights: dict[tuple[Kind, Kind], list[str]] = {}
    for reason, flow in FLOWS.items():
        if reason != "correction":
            for pair in flow.pairs:
                money.setdefault(pair, []).append(reason)
    for reason, pairs in RIGHT_FLOWS.items():
        for hands in pairs:
            rights.setdefault(hands, []).append(reason)
    return _draw("money", Place, money), _draw("rights", Hand, rights)


def _draw(
    name: str, kinds: Iterable[Kind], joined: dict[tuple[Kind, Kind], list[str]]
) -> Drawing:
    boxes = {kind: _box(kind) for kind in kinds}
    order = {kind: number for number, kind in enumerate(boxes)}
    ways: list[Way] = []
    for pair in sorted(joined, key=lambda pair: (order[pair[0]], order[pair[1]])):
        source, target = pair
        both = (target, source) in joined
        path, x, y = _path(boxes[source], boxes[target], APART if both else 0)
        reasons = tuple(joined[pair])
        ways.append(Way(len(ways) + 1, source, target, reasons, path, x, y))
    return Drawing(
        name,
        2 * MARGIN + 2 * COLUMN + BOX_WIDTH,
        max(box.y for box in boxes.values()) + BOX_HEIGHT + MARGIN,
        tuple((box, MEANINGS[kind]) for kind, box in boxes.items()),
        tuple(ways),
    )


def _box(kind: Kind) -> Box:
    x, y = WHERE[kind]
    return Box(str(kind), MARGIN + x * COLUMN, MARGIN + LOOP + y * ROW)


def _path(start: Box, end: Box, shift: int) -> tuple[str, int, int]:
    """Return a way's path and where its number stands, *shift* beside the middle."""
    if start == end:
        x, y = start.x + 12, start.y
        path = f"M{x} {y} C{x - 18} {y - 38} {x + 46} {y - 38} {x + 28} {y - 4}"
        return path, x + 14, y - LOOP
    x1, y1 = start.x + BOX_WIDTH // 2, start.y + BOX_HEIGHT // 2
    x2, y2 = end.x + BOX_WIDTH // 2, end.y + BOX_HEIGHT // 2
    if x1 == x2 and abs(y2 - y1) > ROW:  # around the box between
        side = -1 if y1 < y2 else 1
        edge, bend = x1 + side * BOX_WIDTH // 2, x1 + side * AROUND
        path = f"M{edge} {y1} Q{bend} {(y1 + y2) // 2} {edge + 4 * side} {y2}"
        return path, (edge + bend) // 2, (y1 + y2) // 2
    length = hypot(x2 - x1, y2 - y1)
    aside = -(y2 - y1) / length * shift, (x2 - x1) / length * shift
    ax, ay = _edge(x1, y1, x2, y2, 0)
    bx, by = _edge(x2, y2, x1, y1, 4)
    ax, ay, bx, by = ax + aside[0], ay + aside[1], bx + aside[0], by + aside[1]
    path = f"M{ax:.0f} {ay:.0f} L{bx:.0f} {by:.0f}"
    return path, round(ax + (bx - ax) * AT), round(ay + (by - ay) * AT) + 4


def _edge(
    x: float, y: float, to_x: float, to_y: float, gap: int
) -> tuple[float, float]:
    """Return where the line from a box's middle to a point leaves the box."""
    across, down = abs(to_x - x) or TINY, abs(to_y - y) or TINY
    part = min((BOX_WIDTH / 2 + gap) / across, (BOX_HEIGHT / 2 + gap) / down)
    return x + (to_x - x) * part, y + (to_y - y) * part
