"""What a batch of commands changed: the rows to write, by table."""

from typing import NamedTuple

Rows = list[tuple[object, ...]]


class Effects(NamedTuple):
    """Rows to insert and to update, each in the order of the table's columns."""

    orders: Rows
    orders_changed: Rows  # (id, quantity, remaining, state, reason)
    trades: Rows
    trades_changed: Rows  # (id, state)
    escrows: Rows  # upserted
    workdays: Rows  # upserted
    disputes: Rows  # upserted
    refunds: Rows
    splits: Rows  # upserted
    split_parties: Rows  # upserted
    shares: Rows  # upserted
    tax_schedules: Rows
    cycles: Rows  # upserted
    credits: Rows  # upserted
    penalties: Rows
    obligations: Rows  # upserted
    dues_trades: Rows  # (id, state)
    runs: Rows  # upserted
    run_lines: Rows
    fails: Rows  # upserted
    contracts: Rows
    terms: Rows
    entitlements: Rows
    entitlements_changed: (
        Rows  # (id, quantity, deliveries, deliveries_max, state, holds)
    )
    measures: Rows
    transfers: Rows
    accounts: Rows  # upserted
    receipts: Rows
    payins: Rows
    payins_changed: Rows  # (id, confirmed_by, approved_by, state)
    payouts: Rows
    payouts_changed: Rows  # (id, approved_by, paid_by, state)
    arrivals: Rows
    cards: Rows  # upserted
    provider_lines: Rows
    withheld: Rows  # upserted
    corrections: Rows
    closings: Rows
    fee_schedules: Rows
    books: Rows  # upserted
    standings: Rows  # upserted
    phases: Rows  # upserted
    auctions: Rows
    stops: Rows  # upserted
    limits: Rows
    proposals: Rows  # upserted
    offers: Rows
    offers_changed: Rows  # (id, state, trade)
    kept_prices: Rows  # upserted
    filings: Rows  # upserted
    busts: Rows
    tabs: Rows  # upserted
    periods: Rows  # upserted
    uses: Rows
    use_shares: Rows  # upserted
    meters: Rows  # upserted
    mandates: Rows  # upserted
    erasures: Rows
    pools: Rows  # upserted
    pool_members: Rows  # upserted
    invoices: Rows  # upserted
    invoiced: Rows  # upserted
    agreements: Rows  # upserted
    signatures: Rows
    tenders: Rows  # upserted
    tender_bids: Rows  # upserted
    contests: Rows
    contests_changed: Rows  # (id, closes_us, state, due_us, winner, price, trade)
    contest_bids: Rows
    contest_bidders: Rows  # upserted


NOTHING = Effects(*([] for _ in Effects._fields))
