"""Cuts: what of its tables a right opens by its licence, and whose copy it is."""
