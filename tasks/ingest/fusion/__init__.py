"""Several sources become one."""
