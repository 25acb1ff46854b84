"""The tables of money, rights and records; their CHECKs repeat the rules of the code.

Only the one writer writes here, so hot tables carry no foreign keys: what they refer
to is written in the same transaction by the same hand (design §3).
"""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, text

from settlement.money import AMOUNT_MAX, INSTRUMENT_MIN
from settlement.store import Whole, table

OPEN_POCKET = 3

writer = table(
    "writer",  # one row: who may write, and how far the journal has come
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("epoch", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("address", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

journal = table(
    "journal",  # every command with its outcome, refusals too; hash-chained
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column(
        "principal", Whole, nullable=False
    ),  # the member that idempotency keys are of
    Column("key", Text),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
Index(
    "ix_journal_key",
    journal.c.principal,
    journal.c.key,
    unique=True,
    sqlite_where=journal.c.key.is_not(None),
    postgresql_where=journal.c.key.is_not(None),
)

accounts = table(
    "accounts",  # owner × asset × pocket; money is an asset below INSTRUMENT_MIN
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("owner", Whole, nullable=False),
    Column("asset", Whole, nullable=False),
    Column("pocket", Whole, nullable=False),  # 0 free, 1 held, 2 escrow, 3 open
    Column("balance", Whole, nullable=False),
    CheckConstraint("pocket BETWEEN 0 AND 3", name="pocket"),
    CheckConstraint(f"balance >= 0 OR pocket = {OPEN_POCKET}", name="no_overdraft"),
    CheckConstraint(
        f"balance BETWEEN -{AMOUNT_MAX}000 AND {AMOUNT_MAX}000", name="bounded"
    ),
    # Room on each page for new balances: PostgreSQL then leaves the indexes alone.
    postgresql_with={"fillfactor": 40},
)
Index(
    "ix_accounts_owner",
    accounts.c.owner,
    accounts.c.asset,
    accounts.c.pocket,
    unique=True,
)

transfers = table(
    "transfers",  # immutable moves; a correction is a new row
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("debit", Whole, nullable=False),
    Column("credit", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column(
        "subject", Whole, nullable=False
    ),  # number of the trade, order, payin, payout
    Column("payer", Whole),  # whose money moves; null for rights and payins
    Column("payee", Whole),  # who gets it, if another than the payer
    # Of what settles a trade at once only the house is named: members find it by the
    # trade, and have an index entry less for each of its moves.
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("debit <> credit", name="two_sides"),
)
# Members read their money's moves; an index entry for every account that a trade
# touches would cost more than the row.
for _side in (transfers.c.payer, transfers.c.payee):
    Index(
        f"ix_transfers_{_side.name}",
        _side,
        transfers.c.id,
        sqlite_where=_side.is_not(None),
        postgresql_where=_side.is_not(None),
    )

fee_schedules = table(
    "fee_schedules",
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("trade_bps", Whole, nullable=False),
    Column("rules", Text, nullable=False, server_default="[]"),  # JSON: `fees.Rule`
    CheckConstraint("trade_bps BETWEEN 0 AND 10000", name="bps"),
)

trades = table(
    "trades",
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("price", Whole, nullable=False),  # minor units per unit of quantity
    Column("quantity", Whole, nullable=False),
    Column("currency", Whole, nullable=False),  # asset number of the money
    Column("buyer", Whole, nullable=False),
    Column("seller", Whole, nullable=False),
    Column("buy_order", Whole, nullable=False),
    Column("sell_order", Whole, nullable=False),
    Column("taker", Text, nullable=False),  # side of the order that arrived
    Column("fee", Whole, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    # the transfer that delivers; payment and fee, if any, have the next two numbers
    Column("delivery", Whole, nullable=False),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("buyer <> seller", name="two_members"),
    CheckConstraint("fee BETWEEN 0 AND price * quantity", name="fee"),
    CheckConstraint(
        f"currency < {INSTRUMENT_MIN} AND instrument >= {INSTRUMENT_MIN}", name="assets"
    ),
    CheckConstraint("taker IN ('buy', 'sell')", name="taker"),
    CheckConstraint(
        "origin IN ('book', 'pinned', 'negotiated', 'auction', 'contest',"
        " 'group', 'filed')",
        name="origin",
    ),
    CheckConstraint(
        "state IN ('matched', 'due', 'escrowed', 'delivered', 'disputed', 'settled',"
        " 'unwound')",
        name="state",
    ),
)
_open = trades.c.state.in_(("escrowed", "delivered", "disputed"))
Index(
    "ix_trades_open",
    trades.c.id,
    sqlite_where=_open,
    postgresql_where=_open,
)
Index("ix_trades_instrument", trades.c.instrument, trades.c.id)
# By seq, which grows with the numbers of trades and of transfers alike.
Index("ix_trades_buyer", trades.c.buyer, trades.c.seq)
Index("ix_trades_seller", trades.c.seller, trades.c.seq)

escrows = table(
    "escrows",  # of trades that settle after acceptance: what was delivered and paid
    Column("trade", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, nullable=False),
    Column("fee_schedule", Whole, nullable=False),
    Column("fee_rule", Whole, nullable=False),
    Column("days", Whole, nullable=False),  # working days that the buyer has
    Column("delivered", Whole, nullable=False),  # units
    Column("accepted", Whole, nullable=False),
    Column("returned", Whole, nullable=False),
    Column("released", Whole, nullable=False),  # minor units; the fee is of these
    Column("refunded", Whole, nullable=False),
    Column("fee", Whole, nullable=False),
    Column("deliver_by_us", Whole),
    Column("accept_by_us", Whole),
    # Of a contract: canonical JSON of [amount, to be delivered by]; none: by units.
    Column("stages", Text, nullable=False, server_default=text("'[]'")),
    Column("cancel_asked", Whole, nullable=False, server_default="0"),  # by whom
    CheckConstraint(
        "accepted >= 0 AND accepted <= delivered AND returned >= 0 AND days > 0",
        name="units",
    ),
    CheckConstraint("refunded >= 0 AND fee >= 0 AND fee <= released", name="amounts"),
)

workdays = table(
    "workdays",  # days that are worked, or not, unlike their weekday
    Column("day", Whole, primary_key=True, autoincrement=False),  # since 1970
    Column("worked", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    CheckConstraint("worked IN (0, 1)", name="worked"),
)

terms = table(
    "terms",  # content-addressed: what is sold, frozen (release, licence text and hash)
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),  # canonical JSON
)

contracts = table(
    "contracts",  # what was agreed in one trade, frozen
    Column("trade", Whole, primary_key=True, autoincrement=False),
    Column("terms", Whole, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("fee_schedule", Whole, nullable=False),
    Column("fee_rule", Whole, nullable=False, server_default="0"),  # 0: the general
    Column("tax_schedule", Whole, nullable=False, server_default="1"),
)

entitlements = table(
    "entitlements",
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("trade", Whole),  # null: granted at no price by the house or the vendor
    Column("holder", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("quantity", Whole, nullable=False),  # units still held
    Column("terms", Whole, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("from_us", Whole, nullable=False),
    Column("until_us", Whole),  # null: without end
    Column("deliveries", Whole, nullable=False),
    Column("deliveries_max", Whole),  # null: without limit
    Column("state", Text, nullable=False),
    Column("holds", Whole, nullable=False, server_default="0"),  # `entitlements.Hold`
    CheckConstraint("holds BETWEEN 0 AND 15", name="holds"),
    CheckConstraint("quantity >= 0", name="quantity"),
    CheckConstraint("until_us IS NULL OR until_us > from_us", name="period"),
    CheckConstraint("deliveries >= 0", name="deliveries"),
    CheckConstraint(
        "deliveries_max IS NULL OR deliveries <= deliveries_max", name="quota"
    ),
    CheckConstraint(
        "state IN ('active', 'suspended', 'expired', 'revoked')", name="state"
    ),
)
Index("ix_entitlements_holder", entitlements.c.holder, entitlements.c.id)
Index("ix_entitlements_instrument", entitlements.c.instrument, entitlements.c.id)

measures = table(
    "measures",  # what supervision did with a right: when, by whom, why
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("entitlement", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("event IN ('suspend', 'restore', 'revoke')", name="event"),
)
Index("ix_measures_entitlement", measures.c.entitlement, measures.c.seq)

receipts = table(
    "receipts",  # one for each delivery, written before the first byte leaves
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("entitlement", Whole, nullable=False),
    Column("holder", Whole, nullable=False),
    Column("file", Whole, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", Whole, nullable=False),
    CheckConstraint("bytes >= 0", name="bytes"),
)
Index("ix_receipts_seq", receipts.c.seq)
Index("ix_receipts_holder", receipts.c.holder, receipts.c.id)
Index("ix_receipts_entitlement", receipts.c.entitlement, receipts.c.id)

payins = table(
    "payins",
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("reference", Text, nullable=False),
    Column("requested_by", Whole, nullable=False),
    Column("confirmed_by", Whole),
    Column("approved_by", Whole),
    Column("state", Text, nullable=False),
    CheckConstraint(f"amount BETWEEN 1 AND {AMOUNT_MAX}", name="amount"),
    CheckConstraint("confirmed_by <> requested_by", name="not_own_work"),
    CheckConstraint(
        "approved_by <> requested_by AND approved_by <> confirmed_by",
        name="two_persons",
    ),
    CheckConstraint(
        "state IN ('created', 'pending', 'succeeded', 'failed', 'refunded', 'disputed',"
        " 'charged_back')",
        name="state",
    ),
)
Index("ix_payins_member", payins.c.member, payins.c.id)
Index("ix_payins_state", payins.c.state, payins.c.id)

payouts = table(
    "payouts",
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("destination", Text, nullable=False),
    Column("requested_by", Whole, nullable=False),
    Column("approved_by", Whole),
    Column("paid_by", Whole),
    Column("state", Text, nullable=False),
    CheckConstraint(f"amount BETWEEN 1 AND {AMOUNT_MAX}", name="amount"),
    CheckConstraint("approved_by <> requested_by", name="not_own_work"),
    CheckConstraint(
        "paid_by <> requested_by AND paid_by <> approved_by", name="two_persons"
    ),
    CheckConstraint(
        "state IN ('requested', 'approved', 'submitted', 'paid', 'failed',"
        " 'cancelled')",
        name="state",
    ),
)
Index("ix_payouts_member", payouts.c.member, payouts.c.id)
Index("ix_payouts_state", payouts.c.state, payouts.c.id)

arrivals = table(
    "arrivals",  # each state that a payin or payout reached: when, by whom
    Column("kind", Text, primary_key=True),
    Column("subject", Whole, primary_key=True, autoincrement=False),
    Column("state", Text, primary_key=True),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    CheckConstraint("kind IN ('payin', 'payout')", name="kind"),
)
Index("ix_arrivals_seq", arrivals.c.seq)
