"""The shape of every step: a Prefect task whose result is kept, and found again by what it depends on."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect import Task, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext
from pydantic import BaseModel

from infra.disk import disk_errors
from infra.progress import Progress, watching
from tasks.data.fingerprint import code_fingerprint
from tasks.data.references import Reference
from tasks.options import Options

P = ParamSpec("P")
R = TypeVar("R")


def step(function: Callable[P, R]) -> Task[P, R]:
    """Make a function of options and references a Prefect task.

    Its result is stored as JSON under a key made of its arguments (references by their digest), the source of
    its module, of all that it imports or starts, and requirements.lock. Prefect's own key would hold the run's id.
    """

    def key(_: TaskRunContext, arguments: dict[str, Any]) -> str:
        return _key(function, arguments)

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with disk_errors(f"stage {function.__name__}"), progress_artifact(function.__name__):
            return function(*args, **kwargs)

    wrap: Callable[[Callable[P, R]], Task[P, R]] = task(
        name=function.__name__,
        task_run_name=function.__name__,
        cache_key_fn=key,
        persist_result=True,
        result_serializer="json",
    )
    return wrap(guarded)


def step_key(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> str:
    """The key of a call, for folders that must be found again by the same call after a kill."""
    return _key(step.fn, inspect.signature(step.fn).bind(*args, **kwargs).arguments)


def _key(function: Callable[..., Any], arguments: dict[str, Any]) -> str:
    named = [module for value in arguments.values() if isinstance(value, Options) for module in value.modules()]
    parts = {
        "step": function.__name__,
        "arguments": {name: _identity(value) for name, value in arguments.items()},
        "code": code_fingerprint((function.__module__, *named)),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _identity(value: object) -> object:
    """What of an argument counts: a reference's digest, not where it lies."""
    if isinstance(value, Reference):
        return value.digest
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude={"files"})
    if isinstance(value, list | tuple):
        return [_identity(item) for item in value]
    return value


@contextmanager
def progress_artifact(name: str, seconds_between: float = 1.0) -> Iterator[None]:
    """Show what the step reports in the Prefect UI, once a second at most."""
    artifact: UUID | None = None
    last = 0.0

    def show(progress: Progress) -> None:
        nonlocal last
        ended = progress.done >= progress.total
        if not ended and time.monotonic() - last < seconds_between:
            return
        last = time.monotonic()
        try:
            send(progress)
        except Exception as error:  # whatever keeps the server from showing it, the work goes on
            logging.getLogger(__name__).warning("progress of %s is not shown: %s", name, error)

    def send(progress: Progress) -> None:
        nonlocal artifact
        percent = 100.0 * min(1.0, progress.done / progress.total) if progress.total else 0.0
        if artifact is None:
            created = create_progress_artifact(progress=percent, key=f"{name}-progress", description=progress.text)
            artifact = created if isinstance(created, UUID) else None
        else:
            update_progress_artifact(artifact_id=artifact, progress=percent, description=progress.text)

    with watching(show):
        yield
