"""Money in and out of the exchange."""
