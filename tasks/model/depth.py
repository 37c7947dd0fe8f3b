"""How deep in an encoder a weight lies, told by its name: what layer-wise learning rates go by."""

from __future__ import annotations

import re

_LAYER = re.compile(r"(?:^|/)layer(\d+)_")


def layer_heights(names: list[str]) -> list[int]:
    """For each weight the number of its layer counted from 1, and 0 for the embeddings below all layers.

    What stands above the encoder, and every weight of a model without one, has the height of the top layer.
    """
    layers = [_LAYER.search(name) for name in names]
    top = max((int(found[1]) + 1 for found in layers if found), default=0)
    return [
        int(found[1]) + 1 if found else 0 if name.startswith("embeddings") else top
        for name, found in zip(names, layers, strict=True)
    ]
