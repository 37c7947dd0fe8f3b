"""Cleaning rules, written once, run on any engine."""
