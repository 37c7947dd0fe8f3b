"""From files to a typed, checked data set version."""
