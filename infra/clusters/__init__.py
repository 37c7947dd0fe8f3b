"""Spark and Dask as context managers."""
