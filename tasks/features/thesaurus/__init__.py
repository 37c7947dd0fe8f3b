"""Words that can stand for others in a sentence."""
