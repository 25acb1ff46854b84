"""Products, releases, licences, instruments, search and formats; knows no Flask."""
