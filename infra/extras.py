"""Libraries that come with an extra of this project, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from infra.errors import MachineError


def import_extra(module: str, extra: str) -> Any:
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
            allowed=f"the packages of the extra `{extra}`",
            action=f"Install them: pip install 'lepton[{extra}]'.",
        ) from error
