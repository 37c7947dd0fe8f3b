"""Which group of options belongs to which method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions

GROUPS: Mapping[Method, str] = {
    "prune_vocabulary": "vocabulary",
    "drop_layers": "layers",
    "prune_heads": "heads",
    "prune_neurons": "neurons",
    "factorise": "factorise",
    "fine_tune": "fine_tune",
    "distil": "distil",
    "prune": "prune",
    "prune_2_of_4": "two_of_four",
    "cluster": "cluster",
    "quantise_aware": "quantise_aware",
    "full_int8": "calibration",
}
"""Names of fields of CompressOptions; methods that are not here have no options."""


def only(options: CompressOptions, steps: Sequence[Method]) -> CompressOptions:
    """Options of these steps alone: an option of any other method does not tell two such apart."""
    groups = {GROUPS[method] for method in steps if method in GROUPS}
    return CompressOptions(steps=list(steps), **{group: getattr(options, group) for group in sorted(groups)})
