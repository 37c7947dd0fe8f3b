"""Sections of a model card and of a data sheet: each a function of what is known, and each says what is not."""
