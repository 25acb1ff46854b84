"""The whole schema: importing this module declares the tables of every room."""

from importlib import import_module
from importlib.util import find_spec

from sqlalchemy import MetaData

from settlement import store

ROOMS = (
    "settlement.tables",
    "listings.tables",
    "marketplace.members.tables",
    "marketplace.trading.tables",
)

for room in ROOMS:
    if find_spec(room):
        import_module(room)

metadata: MetaData = store.metadata
