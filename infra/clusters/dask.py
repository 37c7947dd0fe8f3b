"""Dask: the scheduler that is set, or threads of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import ServerError
from infra.settings.clusters import ClusterSettings

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 10


@contextmanager
def dask_cluster(settings: ClusterSettings) -> Iterator[None]:
    """Have Dask compute there while the block runs.

    Raises:
        ServerError: the scheduler does not answer.
    """
    import dask

    if settings.dask_scheduler:
        with dask_client(settings):
            yield
    else:
        with dask.config.set(scheduler="threads"):
            yield


@contextmanager
def dask_client(settings: ClusterSettings) -> Iterator[Client]:
    """A connection to the scheduler that is set.

    Raises:
        ServerError: the scheduler does not answer.
    """
    from distributed import Client

    try:
        client = Client(settings.dask_scheduler, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ServerError(
            f"Dask scheduler {settings.dask_scheduler}",
            found=f"no answer in {_CONNECT_SECONDS} s",
            allowed="the address of a running scheduler, such as tcp://host:8786",
            action="Start it, or correct LEPTON_DASK_SCHEDULER; empty means this machine.",
        ) from error
    with client:
        yield client
