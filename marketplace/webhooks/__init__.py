"""Webhooks: what happens to a member is posted to an address of its own."""
