"""A package in another format, compared with the one it came from."""
