"""Data applications: opened with a signed token, on as many seats as were bought."""
