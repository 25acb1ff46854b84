"""Intakes: a vendor's own catalogue, in any format or table, becomes drafts."""
