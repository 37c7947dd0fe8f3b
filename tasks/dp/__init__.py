"""Differential privacy: what is spent, and what is computed so that no more is."""
