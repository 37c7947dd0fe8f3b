"""How sure metrics are: bootstrap samples of rows as weights, and bounds from them."""
