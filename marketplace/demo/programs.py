"""What members of the demo connect to programs of theirs: an application, a webhook."""

from sqlalchemy import Engine

from marketplace.applications import seats
from marketplace.demo.floor import Floor, Traded
from marketplace.members import users
from marketplace.vault import Vault
from marketplace.webhooks import endpoints

OPENS = "https://cityops.vendor.example/open"  # names that nobody has (RFC 2606)
TOLD = "https://hooks.buyer.example/databourse"
OFFLINE_H = 8


def connect(
    floor: Floor, writes: Engine, vault: Vault, product: int, sold: Traded
) -> None:
    """Let *product* open somewhere, and a buyer have a webhook, which is paused."""
    with writes.begin() as db:
        vendor = users.get(db, sold.vendor.user)
        seats.place(db, vendor, product, OPENS, OFFLINE_H)
        buyer = users.get(db, floor.buyers[0].user)
        families = ("release", "right", "trade")
        made = endpoints.create(db, vault, buyer, TOLD, families, "zh")
        endpoints.switch(db, buyer.member, made.id, on=False)
