"""Each import contract in pyproject.toml catches what it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from sysconfig import get_path

import pytest

from infra.settings.home import checkout

LAYERS = "Imports go flows -> tasks -> infra"
STAGES = "Stages stand apart, above the foundation in its order"
STEPS = "Only flows import steps: no core does, its own stage's neither"
DECORATOR = "Only steps take the step decorator"
LIBRARIES = "Only steps and flows know Prefect, MLflow and live clusters"


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(get_path("scripts")) / "lint-imports"), "--no-cache", "--config", str(root / "pyproject.toml")]
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, to be spoilt."""
    root = tmp_path_factory.mktemp("code")
    for name in ("flows", "tasks", "infra"):
        shutil.copytree(checkout() / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(checkout() / "pyproject.toml", root)
    return root


def test_the_code_keeps_them(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("infra/errors.py", "import tasks.options", LAYERS),
        ("tasks/options.py", "import flows.recipe", LAYERS),
        ("tasks/lessons/config.py", "import tasks.clean.config", STAGES),
        ("tasks/data/references.py", "import tasks.model", STAGES),
        ("tasks/runtime/package.py", "import tasks.evaluate.config", STAGES),
        ("tasks/register/gate.py", "import tasks.register.steps", STEPS),
        ("tasks/register/gate.py", "import tasks.step", DECORATOR),
        ("tasks/register/gate.py", "def later():\n    import mlflow", LIBRARIES),
        ("tasks/register/gate.py", "from prefect.artifacts import create_table_artifact", LIBRARIES),
        ("tasks/register/gate.py", "import infra.clusters", LIBRARIES),
        ("infra/servers/prefect.py", "import prefect", LIBRARIES),
    ],
)
def test_a_breach_is_caught(copy: Path, file: str, line: str, contract: str) -> None:
    spoilt = copy / file
    kept = spoilt.read_text()
    try:
        spoilt.write_text(f"{kept}\n{line}\n")
        done = lint(copy)
    finally:
        spoilt.write_text(kept)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
