"""What is new since the version before, and how it is added."""
