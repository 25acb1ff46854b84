"""The tables of tenders and of the sealed bids in them."""

from sqlalchemy import CheckConstraint, Column, Text

from settlement.store import Whole, table

tenders = table(
    "tenders",  # sealed bids in answer to a demand, until a moment
    Column("id", Whole, primary_key=True, autoincrement=False),  # the demand
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("buyer", Whole, nullable=False),
    Column("closes_us", Whole, nullable=False),
    Column("bidders_min", Whole, nullable=False),
    Column("technical", Whole, nullable=False),  # points of a hundred
    Column("price", Whole, nullable=False),
    Column("qualification", Whole, nullable=False),
    Column("deposit", Whole, nullable=False),  # of each bidder, minor units of CNY
    Column("state", Text, nullable=False),
    CheckConstraint("deposit >= 0", name="deposit"),
    CheckConstraint("technical + price + qualification = 100", name="weights"),
    CheckConstraint("bidders_min > 0 AND closes_us > at_us", name="rules"),
    CheckConstraint(
        "state IN ('open', 'closed', 'opened', 'awarded', 'failed', 'cancelled')",
        name="state",
    ),
)

tender_bids = table(
    "tender_bids",  # a hash until the close; what it hides is opened against it
    Column("demand", Whole, primary_key=True, autoincrement=False),
    Column("vendor", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("commitment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("salt", Text),  # once it was shown
    Column("offer", Whole, unique=True),  # that it became
    Column("bond", Text, nullable=False),  # what became of its deposit
    CheckConstraint("bond IN ('none', 'held', 'returned', 'forfeited')", name="bond"),
    CheckConstraint("state IN ('sealed', 'opened', 'void', 'returned')", name="state"),
    CheckConstraint("(state = 'opened') = (offer IS NOT NULL)", name="offer"),
)
