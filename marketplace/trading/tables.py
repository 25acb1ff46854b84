"""The tables of orders and of the market's own view of members and instruments."""

from sqlalchemy import CheckConstraint, Column, Index, Text, text

from settlement.store import Whole, table

orders = table(
    "orders",
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("side", Text, nullable=False),
    Column("price", Whole),  # null: market order
    Column("quantity", Whole, nullable=False),
    Column("remaining", Whole, nullable=False),
    Column("time_in_force", Text, nullable=False),
    Column("expires_us", Whole),
    Column("evergreen", Whole, nullable=False),  # a posted price that does not run out
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),  # why the rest was cancelled
    CheckConstraint("side IN ('buy', 'sell')", name="side"),
    CheckConstraint("remaining BETWEEN 0 AND quantity", name="remaining"),
    CheckConstraint(
        "evergreen IN (0, 1) AND (evergreen = 0 OR side = 'sell')", name="evergreen"
    ),
    CheckConstraint(
        "time_in_force IN ('GTC', 'IOC', 'FOK', 'GTD')", name="time_in_force"
    ),
    CheckConstraint(
        "(time_in_force = 'GTD') = (expires_us IS NOT NULL)", name="expiry"
    ),
    CheckConstraint(
        "state IN ('open', 'partial', 'filled', 'cancelled', 'expired')", name="state"
    ),
)
Index("ix_orders_member", orders.c.member, orders.c.id)
_live = orders.c.state.in_(("open", "partial"))
Index(
    "ix_orders_live",
    orders.c.instrument,
    orders.c.side,
    orders.c.price,
    sqlite_where=_live,
    postgresql_where=_live,
)

books = table(
    "books",  # what the market knows of an instrument
    Column("instrument", Whole, primary_key=True, autoincrement=False),
    Column("symbol", Text, nullable=False, unique=True),
    Column("vendor", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("tick", Whole, nullable=False),  # minor units
    Column("lot", Whole, nullable=False),
    Column("terms", Whole, nullable=False),
    Column("purposes", Text, nullable=False),  # space-separated; empty: any purpose
    Column("term_us", Whole),  # how long a right lasts; null: without end
    Column("deliveries_max", Whole),
    Column("transferable", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("price_max", Whole),  # ceiling of the price; null: none
    Column("trial_of", Whole),  # the paid instrument that this is the trial of
    Column("audience", Text),  # members, space-separated; null: anybody may trade
    Column("hidden", Whole, nullable=False, server_default="0"),
    # Of the scope; see `scope.Scope`.
    Column("product", Whole, nullable=False, server_default="0"),
    Column("exclusive", Whole, nullable=False, server_default="0"),
    Column("field", Text, nullable=False, server_default=text("''")),
    Column("territory", Text, nullable=False, server_default=text("''")),
    # Working days to examine what was delivered (0: settled at once), and to deliver.
    Column("acceptance_days", Whole, nullable=False, server_default="0"),
    Column("delivery_days", Whole, nullable=False, server_default="0"),
    # member:purpose, space-separated: purposes on request that the vendor agreed to.
    Column("consents", Text, nullable=False, server_default=text("''")),
    CheckConstraint("hidden IN (0, 1)", name="hidden"),
    CheckConstraint(
        "acceptance_days >= 0 AND delivery_days >= 0"
        " AND (acceptance_days > 0 OR delivery_days = 0)"
        " AND (acceptance_days = 0 OR (transferable = 0 AND trial_of IS NULL))",
        name="acceptance",
    ),
    CheckConstraint(
        "exclusive = 0 OR (exclusive = 1 AND transferable = 0 AND product > 0)",
        name="exclusive",
    ),
    CheckConstraint("tick > 0 AND lot > 0", name="steps"),
    CheckConstraint("price_max >= 0", name="price_max"),
    CheckConstraint(
        "trial_of IS NULL OR (price_max = 0 AND transferable = 0)", name="trial"
    ),
    CheckConstraint("transferable IN (0, 1)", name="transferable"),
    CheckConstraint("state IN ('listed', 'suspended', 'delisted')", name="state"),
)

offers = table(
    "offers",  # quotes and personal prices: whose, why, until when; never in a book
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("member", Whole, nullable=False),  # the buyer
    Column("instrument", Whole, nullable=False),
    Column("price", Whole, nullable=False),  # minor units per unit
    Column("quantity", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("expires_us", Whole, nullable=False),
    Column("maker", Whole, nullable=False),  # which of the two offers
    Column("demand", Whole, nullable=False),  # the request it answers; 0: none
    Column("answers", Whole, unique=True),  # the offer that it counters
    Column("purpose", Text, nullable=False),  # declared by a buyer who offers
    Column("terms", Whole, nullable=False),  # what is sold, as of this offer
    Column("term_us", Whole),
    Column("deliveries_max", Whole),
    Column("state", Text, nullable=False),
    Column("trade", Whole, unique=True),  # once it is taken
    CheckConstraint("vendor <> member AND maker IN (vendor, member)", name="parties"),
    CheckConstraint("price >= 0 AND quantity > 0 AND demand >= 0", name="numbers"),
    CheckConstraint(
        "reason = 'asked' OR (note <> '' AND demand = 0"
        " AND reason IN ('need', 'newcomer', 'random', 'other'))",
        name="reason",
    ),
    CheckConstraint("(purpose <> '') = (maker = member)", name="purpose"),
    CheckConstraint("answers < id", name="answers"),
    CheckConstraint(
        "state IN ('open', 'taken', 'countered', 'declined', 'withdrawn', 'expired')",
        name="state",
    ),
    CheckConstraint("(state = 'taken') = (trade IS NOT NULL)", name="trade"),
)
Index("ix_offers_member", offers.c.member, offers.c.id)
Index("ix_offers_vendor", offers.c.vendor, offers.c.id)
Index("ix_offers_demand", offers.c.demand, offers.c.vendor, offers.c.id)

contests = table(
    "contests",  # one right to the best of many bidders; prices are for each unit
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("terms", Whole, nullable=False),
    Column("kind", Text, nullable=False),
    Column("quantity", Whole, nullable=False),
    Column("start", Whole, nullable=False),
    Column("reserve", Whole, nullable=False),  # told to the vendor alone
    Column("increment", Whole, nullable=False),
    Column("closes_us", Whole, nullable=False),
    Column("extension_us", Whole, nullable=False),
    Column("deposit", Whole, nullable=False),  # of each bidder
    Column("state", Text, nullable=False),
    Column("due_us", Whole),  # when it next does something by itself
    Column("winner", Whole),
    Column("price", Whole),  # that the winner pays
    Column("trade", Whole, unique=True),
    CheckConstraint("kind IN ('ascending', 'first', 'second')", name="kind"),
    CheckConstraint("(kind = 'ascending') = (increment > 0)", name="increment"),
    CheckConstraint("kind = 'ascending' OR extension_us = 0", name="extension"),
    CheckConstraint("quantity > 0 AND 0 < start AND start <= reserve", name="numbers"),
    CheckConstraint("deposit > 0 AND deposit <= start * quantity", name="deposit"),
    CheckConstraint(
        "state IN ('open', 'awarded', 'sold', 'failed', 'cancelled')", name="state"
    ),
    CheckConstraint(
        "(state IN ('open', 'awarded')) = (due_us IS NOT NULL)", name="due"
    ),
    CheckConstraint(
        "(state IN ('awarded', 'sold')) = (winner IS NOT NULL)"
        " AND (winner IS NULL) = (price IS NULL)",
        name="winner",
    ),
    CheckConstraint("price >= reserve AND winner <> vendor", name="sale"),
    CheckConstraint("(state = 'sold') = (trade IS NOT NULL)", name="trade"),
)
Index("ix_contests_instrument", contests.c.instrument, contests.c.id)
Index("ix_contests_vendor", contests.c.vendor, contests.c.id)

contest_bids = table(
    "contest_bids",  # every bid that was taken
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("contest", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("price", Whole, nullable=False),
)
Index("ix_contest_bids_contest", contest_bids.c.contest, contest_bids.c.id)

contest_bidders = table(
    "contest_bidders",  # what a member bid last, and what became of its deposit
    Column("contest", Whole, primary_key=True, autoincrement=False),
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("price", Whole, nullable=False),
    Column("seq", Whole, nullable=False),  # of its last bid
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint(
        "state IN ('held', 'returned', 'excluded', 'paid', 'forfeited')", name="state"
    ),
)
Index("ix_contest_bidders_member", contest_bidders.c.member)

filings = table(
    "filings",  # deals made elsewhere: no money, no right and no price follows
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("seller", Whole, nullable=False),
    Column("buyer", Whole, nullable=False),
    Column("filer", Whole, nullable=False),
    Column("title", Text, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units
    Column("dealt_us", Whole, nullable=False),
    Column("note", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # SHA-256 of the file
    Column("state", Text, nullable=False),
    Column("confirmed_by", Whole),
    Column("decided_by", Whole),
    Column("reason", Text, nullable=False),
    CheckConstraint("seller <> buyer AND filer IN (seller, buyer)", name="parties"),
    CheckConstraint("amount >= 0 AND dealt_us <= at_us", name="numbers"),
    CheckConstraint(
        "state IN ('entered', 'confirmed', 'contested', 'withdrawn', 'registered',"
        " 'refused')",
        name="state",
    ),
    CheckConstraint(
        "decided_by <> by_user AND decided_by <> confirmed_by", name="three_hands"
    ),
)
Index("ix_filings_seller", filings.c.seller, filings.c.id)
Index("ix_filings_buyer", filings.c.buyer, filings.c.id)
Index("ix_filings_state", filings.c.state, filings.c.id)

kept_prices = table(
    "kept_prices",  # posted prices that rose: who saw the lower one gets it for a while
    Column("id", Whole, primary_key=True, autoincrement=False),  # the posted order
    Column("seq", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("price", Whole, nullable=False),
    Column("until_us", Whole, nullable=False),
    Column("live", Whole, nullable=False),
    CheckConstraint("live IN (0, 1)", name="live"),
)
Index("ix_kept_prices_live", kept_prices.c.live, kept_prices.c.id)

phases = table(
    "phases",  # what an instrument does with orders; none: continuous, by hand
    Column("instrument", Whole, primary_key=True, autoincrement=False),
    Column("phase", Text, nullable=False),
    Column("reference", Whole),  # of the call that collects, with its band
    Column("floor", Whole),
    Column("ceiling", Whole),
    Column("timetable", Text),  # canonical JSON
    Column("due_us", Whole),  # when the timetable next does something
    CheckConstraint("phase IN ('continuous', 'call', 'closed')", name="phase"),
    CheckConstraint(
        "(phase = 'call') = (floor IS NOT NULL AND ceiling IS NOT NULL)", name="band"
    ),
    CheckConstraint("(timetable IS NOT NULL) OR (due_us IS NULL)", name="due"),
)

auctions = table(
    "auctions",  # one row an uncross; its trades are those of its record
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("instrument", Whole, primary_key=True, autoincrement=False),
    Column("price", Whole),  # null: nothing could trade
    Column("quantity", Whole, nullable=False),
    Column("surplus", Whole),  # null: endless
    Column("side", Text),  # which side has the surplus
    Column("reference", Whole),
    Column("floor", Whole, nullable=False),
    Column("ceiling", Whole, nullable=False),
    CheckConstraint("(price IS NULL) = (quantity = 0)", name="price"),
    CheckConstraint("price BETWEEN floor AND ceiling", name="band"),
    CheckConstraint("side IN ('buy', 'sell')", name="side"),
)
Index("ix_auctions_instrument", auctions.c.instrument, auctions.c.seq)

stops = table(
    "stops",  # who may not place orders, or could not; 0 is everybody
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("scope", Whole, primary_key=True, autoincrement=False),  # see `stops.Stop`
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_seq", Whole),
    Column("ended_by", Whole),
    CheckConstraint("(ended_seq IS NULL) = (ended_by IS NULL)", name="end"),
    CheckConstraint("ended_by <> by_user", name="two_persons"),
)

limits = table(
    "limits",  # set from a record on; the latest of an instrument is in force
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("instrument", Whole, nullable=False),  # 0: the whole market
    Column("static_bps", Whole),  # null: as the market has it, or none; 0: none
    Column("dynamic_bps", Whole),
    Column("finger_times", Whole),
    Column("value_max", Whole),
    Column("second_max", Whole),
    Column("untraded_max", Whole),
)
Index("ix_limits_instrument", limits.c.instrument, limits.c.seq)

proposals = table(
    "proposals",  # steps that two persons take
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_seq", Whole),
    Column("decided_by", Whole),
    CheckConstraint("state IN ('open', 'approved', 'rejected')", name="state"),
    CheckConstraint("(state = 'open') = (decided_seq IS NULL)", name="decision"),
    CheckConstraint("state <> 'approved' OR decided_by <> by_user", name="two_persons"),
)

standings = table(
    "standings",  # who may trade: the market's own record of each member's verification
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("verified", Whole, nullable=False),
    CheckConstraint("verified IN (0, 1)", name="verified"),
)

prints = table(
    "prints",  # the public tape: a trade once it may be told, and how much of it
    Column("id", Whole, primary_key=True, autoincrement=False),  # in order of telling
    Column("trade", Whole, nullable=False, unique=True),
    Column("instrument", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),  # to the minute
    Column("due_us", Whole, nullable=False),  # from when on it may be told
    Column("price", Whole, nullable=False),
    Column("quantity", Whole, nullable=False),  # at least; see `tape.SIZES`
    Column("currency", Whole, nullable=False),
    Column("taker", Text, nullable=False),
    CheckConstraint("due_us >= at_us AND quantity > 0 AND price >= 0", name="numbers"),
    CheckConstraint("taker IN ('buy', 'sell')", name="taker"),
)
Index("ix_prints_instrument", prints.c.instrument, prints.c.trade)
