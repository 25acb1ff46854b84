"""Rails: what the exchange keeps of providers and banks, and how it asks them."""
