"""Attempts to learn what a private model must not tell."""
