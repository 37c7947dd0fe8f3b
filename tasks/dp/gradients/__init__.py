"""Sums of clipped gradients of single examples."""
