"""Run flows from a terminal, on the home's servers if they run, else on embedded ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from flows.recipe import Recipe
from flows.summary import Summary
from infra.errors import GateFailed, LeptonError
from infra.servers.embedded import embedded_prefect
from infra.stores.home import check_home, check_room
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, prefect_api_url

if TYPE_CHECKING:
    from flows.compressing.summary import CompressSummary


@contextmanager
def serving(name: str) -> Iterator[None]:
    """Have servers that flows report to while the block runs, which works on the model `name`.

    Raises:
        LeptonError: the home can't be used, is full or busy, or a server does not answer.
    """
    check_home()
    check_room()
    with home_lock(name):
        pass  # a busy home is known before anything is loaded; the flow takes the lock itself
    connect()
    with ExitStack() as stack:
        api = prefect_api_url() or stack.enter_context(embedded_prefect())
        from prefect.logging.handlers import APILogHandler
        from prefect.settings import PREFECT_API_URL, temporary_settings

        stack.enter_context(temporary_settings({PREFECT_API_URL: api}))
        stack.callback(APILogHandler().flush)  # before the embedded API goes
        yield


def ended(state: Any, *short: type[Any]) -> tuple[Any, Any]:
    """A flow's summary, and the failure that has one if it ended short of what was asked: an error of those classes.

    Raises:
        LeptonError: whatever else ended it.
    """
    result = state.result(raise_on_failure=False)
    if isinstance(result, short):
        return result.summary, result
    if isinstance(result, BaseException):
        raise result
    return result, None


def run_here(recipe: Recipe) -> tuple[Summary, GateFailed | None]:
    """The summary, and the gate's failure if it failed.

    Raises:
        LeptonError: whatever else ended the run.
    """
    with serving(recipe.name):
        from flows.pipeline import ShortOfGate, pipeline

        call: Any = pipeline
        state = call(recipe, return_state=True)
    return ended(state, ShortOfGate)


def search_here(name: str, **asked: Any) -> tuple[CompressSummary, LeptonError | None]:
    """The summary of a search for a small model, and why nothing was promoted if nothing was.

    Args:
        name: of the model.
        asked: parameters of the flow `compress`.

    Raises:
        LeptonError: whatever else ended the search.
    """
    with serving(name):
        from flows.compress import compress
        from flows.compressing.summary import PickShortOfGate, TargetNotMet

        call: Any = compress
        state = call(**asked, return_state=True)
    return ended(state, PickShortOfGate, TargetNotMet)
