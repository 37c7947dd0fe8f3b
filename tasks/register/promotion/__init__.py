"""Which version serves: moved by one at a time, and written down before it is done."""
