from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.options import Task
from tests.packages import make_package


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Task], Path]:
    """A tiny package of a task, made once."""
    made: dict[Task, Path] = {}

    def get(task: Task) -> Path:
        if task not in made:
            made[task] = make_package(task, tmp_path_factory.mktemp(task))
        return made[task]

    return get
