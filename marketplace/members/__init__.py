"""Who may do what: organisations, their users, sessions, keys and verification."""
