"""Timelines: all that the records tell of a member, a product or a trade, in order."""
