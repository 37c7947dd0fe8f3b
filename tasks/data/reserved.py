"""Columns that Lepton adds itself: a source or a rule may not take their names."""

from __future__ import annotations

ROW_COLUMNS = ("row_id", "key", "split")
REFUSED = "refused"
RESERVED = (*ROW_COLUMNS, REFUSED)
