"""Formats that products are described in elsewhere: one file each."""
