"""Two models on the same rows: how far apart they are, and whether that may be chance."""
