from __future__ import annotations

from pathlib import Path

import pytest

from tests.text_encoder import write_encoder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights of a tiny encoder."""
    folder = tmp_path_factory.mktemp("encoder")
    write_encoder(folder)
    return folder
