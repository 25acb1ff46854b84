"""What an entitlement opens: files, each delivery checked, counted and receipted."""
