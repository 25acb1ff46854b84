"""Finding listings: words of two languages, ranking, facets, highlights."""
