"""Listing as code: a product with what is sold of it, written as a YAML document."""

# A document has fields of the API, and the API takes documents: whoever begins with
# documents, as the command does, needs the API first.
import marketplace.api as _  # noqa: F401 (for its order)
