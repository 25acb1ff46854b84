"""What members tell each other: notices, watches, ratings, questions, requests."""
