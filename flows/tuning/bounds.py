"""What a search may be asked for, the same for its command and its flow."""

from __future__ import annotations

STUDY_NAME = r"^([a-z0-9][a-z0-9-]{0,99})?$"
"""Names that a study may be given; empty: one made of recipe and data."""
MOST_TRIALS, MOST_PARALLEL = 100_000, 1_000
