"""Every notebook runs from top to bottom."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from infra.settings.home import checkout

NOTEBOOKS = sorted((checkout() / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_defines_nothing(notebook: Path, home: Path) -> None:
    content = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    code = "\n".join(cell.source for cell in content.cells if cell.cell_type == "code")
    assert "def " not in code and "class " not in code
    NotebookClient(content, timeout=120, kernel_name="python3", resources={"metadata": {"path": checkout()}}).execute()
