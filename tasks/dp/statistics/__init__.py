"""Statistics with noise."""
