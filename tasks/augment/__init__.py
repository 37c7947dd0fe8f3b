"""More training text from what there is."""
