"""The demo's clean room: visits to hospitals, asked about and never handed over."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from listings import terms
from listings.cleanroom import settings
from listings.cleanroom.settings import Group, Settings, Shown
from marketplace.admission import listing_command
from marketplace.delivery import roomsettings
from marketplace.demo.floor import Floor, Traded
from marketplace.demo.menus import Menus, unit_of
from marketplace.trading.commands import Line, PlaceOrder

CODE, SYMBOL = "OPDFLOW", "OPDFLOW-ROOM"
DAYS, QUESTIONS = 365, 500
PRICE = 380_000  # minor units: a quarter of what the files cost
GROUPS = (Group("city"), Group("department"), Group("date", "month"))
MEASURES = ("visits", "wait_min", "extra_pct", "online_pct")
LEAST = 5
BUYERS = 3


def open_room(
    floor: Floor,
    menus: Menus,
    writes: Engine,
    numbers: Mapping[str, int],
    traded: Mapping[str, Sequence[Traded]],
) -> None:
    """Sell a clean room beside the files, and let some buyers in."""
    vendor, product = traded[CODE][0].vendor, numbers[CODE]
    unit = unit_of("per_term", DAYS)._replace(deliveries_max=QUESTIONS)
    menus.add(product, vendor, {SYMBOL: (unit, None)})
    number = floor.market.symbols[SYMBOL]
    with writes.begin() as db:
        tables = [name for name, _ in roomsettings.newest(db, product)]
        data = [name for name in tables if name != "dictionary"]
        shown = tuple(Shown(name, GROUPS, MEASURES) for name in data)
        settings.put(db, number, Settings(shown, LEAST))
        told = terms.of_products(db, [product])
    for facts in told:
        if facts.instrument == number:
            floor.must(listing_command(vendor.user, facts))
    price = Line(number, "sell", PRICE, 1, evergreen=True)
    floor.must(PlaceOrder(vendor.user, vendor.member, price))
    rich = sorted(floor.buyers, key=lambda buyer: -floor.free(buyer.member, 1))
    for buyer in (floor.buyers[0], *rich[:BUYERS]):
        wanted = Line(number, "buy", PRICE, 1, "IOC", purpose=floor.purpose(number))
        floor.submit(PlaceOrder(buyer.user, buyer.member, wanted))
