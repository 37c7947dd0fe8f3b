"""Layers that only compressed models have."""

from __future__ import annotations

from typing import Any

OWN_LAYERS: tuple[type[Any], ...] = ()
"""All of them, for whoever reads a network's graph."""
