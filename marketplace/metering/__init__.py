"""Data services behind the exchange: called with a key, metered, kept within limits."""
