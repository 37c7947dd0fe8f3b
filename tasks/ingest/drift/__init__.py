"""What changed from one version to the next."""
