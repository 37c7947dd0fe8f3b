"""Run a pipeline from a terminal, on the home's servers if they run, else on embedded ones."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import Any

from flows.recipe import Recipe
from flows.summary import Summary
from infra.errors import GateFailed, MachineError
from infra.servers.embedded import embedded_prefect
from infra.settings.home import HomeSettings
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, prefect_api_url

ROOM_BYTES = 1_000_000_000


def run_here(recipe: Recipe) -> tuple[Summary, GateFailed | None]:
    """The summary, and the gate's failure if it failed.

    Raises:
        LeptonError: whatever else ended the run.
    """
    check_home()
    with home_lock(recipe.name):
        pass  # a busy home is known before anything is loaded; the flow takes the lock itself
    connect()
    with ExitStack() as stack:
        api = prefect_api_url() or stack.enter_context(embedded_prefect())
        from prefect.logging.handlers import APILogHandler
        from prefect.settings import PREFECT_API_URL, temporary_settings

        from flows.pipeline import ShortOfGate, pipeline

        stack.enter_context(temporary_settings({PREFECT_API_URL: api}))
        stack.callback(APILogHandler().flush)  # before the embedded API goes
        call: Any = pipeline
        state = call(recipe, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, ShortOfGate):
        return result.summary, result
    if isinstance(result, BaseException):
        raise result
    return result, None


def check_home() -> None:
    """Raises MachineError where the home can't be written, or its disk is nearly full."""
    root = HomeSettings().root
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe = root / ".probe"
        probe.write_bytes(b"0" * 4096)
        probe.unlink()
    except OSError as error:
        raise MachineError(
            f"LEPTON_HOME {root}",
            found=(error.strerror or "an error").lower(),
            allowed="a folder that this user may write to",
            action="Set LEPTON_HOME to another folder.",
        ) from None
    free = shutil.disk_usage(root).free
    if free < ROOM_BYTES:
        raise MachineError(
            f"LEPTON_HOME {root}",
            found=f"{free / 1e6:.0f} MB of free space",
            allowed=f"at least {ROOM_BYTES / 1e6:.0f} MB",
            action="Free some space, or set LEPTON_HOME to another disk.",
        )
