"""Statistics of the market: a tape of trades, and published questions about it."""
