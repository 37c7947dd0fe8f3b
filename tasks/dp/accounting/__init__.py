"""What a mechanism spends of privacy."""
