"""What must hold for every row, and what does not."""
