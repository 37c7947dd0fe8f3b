"""Counts, histograms, means, quantiles and categories with noise, so that no one row or person shows in them."""
