"""The buyer's client: speaks to an exchange by its API alone, and imports no server."""
