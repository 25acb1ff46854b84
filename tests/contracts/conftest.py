"""Contract tests run the same classes over every implementation behind a URL."""
