"""ODRL 2.2: policies read within limits and evaluated (W3C Information Model)."""
