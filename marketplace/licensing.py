"""What is on offer, as ODRL: a listing's instruments with licence, terms and price."""

from sqlalchemy import Connection

from listings import catalogue
from listings.catalogue import Listing
from listings.formats import odrl
from listings.formats.odrl import Contract
from listings.odrl.policy import Policy
from marketplace.trading import reads
from settlement import ids, money


def offers(db: Connection, listing: Listing) -> list[Policy]:
    """Return the offer of each instrument of a listing, with its posted price."""
    units = catalogue.instruments_of(db, listing.id)
    prices = reads.best(db, [unit.id for unit in units])
    found = []
    for unit in units:
        best = prices.get(unit.id)
        price = None if best is None or best.offer is None else best.offer
        contract = Contract(
            ids.encode("product", listing.id),
            ids.encode("member", listing.vendor),
            term_days=unit.term_days,
            deliveries_max=unit.deliveries_max,
            transferable=unit.transferable,
            price=None
            if price is None
            else (money.plain(price, unit.currency_code), unit.currency_code),
        )
        policy = odrl.policy(unit.licence, contract)
        uid = odrl.name("instrument", ids.encode("instrument", unit.id))
        found.append(odrl.renamed(policy, uid))
    return found
