"""Files to batches of text."""
