"""The demo's cut right: metro trips, each buyer's copy of them marked as its own."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from listings import terms
from listings.cuts import settings
from listings.cuts.settings import Cut, Mark, Mask
from listings.fitting import settings as fitting
from listings.fitting.settings import Comparable
from marketplace.admission import listing_command
from marketplace.delivery import roomsettings
from marketplace.demo.floor import Floor, Traded
from marketplace.demo.menus import Menus, unit_of
from marketplace.trading.commands import Line, PlaceOrder

CODE, SYMBOL = "METROOD", "METROOD-MARKED"
DAYS = 365
PRICE = 480_000  # minor units: about half of what the files cost
KEYS, MEASURE = ("hour", "pair_id"), "trips"
CUT = Cut(
    masks=(Mask("crowding", "hidden"),),
    mark=Mark(KEYS, ((MEASURE, "1"),), 20),
)
BUYERS = 3


def sell_cut(
    floor: Floor,
    menus: Menus,
    writes: Engine,
    numbers: Mapping[str, int],
    traded: Mapping[str, Sequence[Traded]],
) -> None:
    """Sell a part in marked copies beside the files; let buyers compare before."""
    vendor, product = traded[CODE][0].vendor, numbers[CODE]
    menus.add(product, vendor, {SYMBOL: (unit_of("per_term", DAYS), None)})
    number = floor.market.symbols[SYMBOL]
    with writes.begin() as db:
        settings.put(db, number, CUT)
        tables = [name for name, _ in roomsettings.newest(db, product)]
        data = next(name for name in tables if name != "dictionary")
        wanted = Comparable(data, KEYS, (MEASURE,))
        fitting.put(db, product, vendor.user, wanted)
        told = terms.of_products(db, [product])
    for facts in told:
        if facts.instrument == number:
            floor.must(listing_command(vendor.user, facts))
    price = Line(number, "sell", PRICE, 1, evergreen=True)
    floor.must(PlaceOrder(vendor.user, vendor.member, price))
    for buyer in floor.buyers[:BUYERS]:
        line = Line(number, "buy", PRICE, 1, "IOC", purpose=floor.purpose(number))
        floor.submit(PlaceOrder(buyer.user, buyer.member, line))
