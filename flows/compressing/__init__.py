"""The search for a small model: its plan, its target, its outcome."""
