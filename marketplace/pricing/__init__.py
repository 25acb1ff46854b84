"""Prices beyond the book: plans, announced changes, personal prices, disclosure."""
