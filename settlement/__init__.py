"""Ledger, clearing, payments, records and statistics; knows no products, no Flask."""
