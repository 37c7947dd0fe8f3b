"""Layers that only compressed models have."""

from __future__ import annotations

from typing import Any

from tasks.compress.folding import Offsets, Total
from tasks.compress.low_rank import LowRankTokenEmbeddings
from tasks.compress.rounding import ROUNDED, RoundedActivations

OWN_LAYERS: tuple[type[Any], ...] = (LowRankTokenEmbeddings, Offsets, Total, RoundedActivations, *ROUNDED)
"""All of them, for whoever reads a network's graph."""
