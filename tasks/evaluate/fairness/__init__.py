"""Whether a model's answers differ between groups of persons, and how sure that is."""
