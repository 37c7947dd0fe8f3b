"""Libraries of the extra `label`, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from infra.errors import MachineError


def import_extra(module: str) -> Any:
    """A module of the extra.

    Raises:
        MachineError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MachineError(
            f"module {module}",
            found=f"no package {error.name}",
            allowed="the packages of the extra `label`",
            action="Install them: pip install 'lepton[label]'.",
        ) from error
