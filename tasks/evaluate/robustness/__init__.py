"""How good a model still is when its input is disturbed."""
