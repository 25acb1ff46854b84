"""Quality that is measured: files examined in a confined child, profiles, scores."""
