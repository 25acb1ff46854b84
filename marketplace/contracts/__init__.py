"""Contracts as texts: their models, drafts, reading and paper."""
