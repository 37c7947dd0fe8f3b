"""The budget of each origin of data, and what was spent of it."""
