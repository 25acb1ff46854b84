"""Trading: orders, books, the market and the one door to it."""
