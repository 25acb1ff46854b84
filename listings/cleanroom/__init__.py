"""The clean room: members ask of data in SQL, and the data never leaves."""
