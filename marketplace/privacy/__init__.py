"""Privacy: what is kept how long, and how a person is forgotten.

Texts that a person writes into the records are sealed under a key of that person alone.
The journal, its chain and its proofs are over the sealed text: when the key is
destroyed they hold as before, and nobody can read what was written.
"""
