"""Columns that Lepton adds itself: a source or a rule may not take their names."""

from __future__ import annotations

ROW_COLUMNS = ("row_id", "key", "split")
REFUSED, DUPLICATE_OF, SIMILARITY = "refused", "duplicate_of", "similarity"
MARKS = {REFUSED: "string", DUPLICATE_OF: "string", SIMILARITY: "float64"}
"""What a rule can say of a row: that it refuses it, and for a copy the `row_id` that stays and how alike they are."""
RESERVED = (*ROW_COLUMNS, *MARKS)
