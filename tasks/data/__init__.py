"""Data set versions: canonical rows, digests, manifests, splits; and what steps pass to each other."""
