"""How good a model is for parts of the rows: those that the recipe names, and the worst that a search finds."""
