"""Libraries of the extra `label`, imported where they are used."""

from __future__ import annotations

from typing import Any

from infra.extras import import_extra as import_any_extra


def import_extra(module: str) -> Any:
    """A module of the extra.

    Raises:
        MachineError: it is not installed.
    """
    return import_any_extra(module, "label")
