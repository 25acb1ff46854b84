"""Listing as code: a product with what is sold of it, written as a YAML document."""
