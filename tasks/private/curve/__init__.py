"""Utility against epsilon: what trainings measured, and its picture."""
