"""More train rows out of those that are there: text with other words, another order, or translated and back."""
