from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.environment import configure
from infra.servers.embedded import embedded_prefect


@pytest.fixture(scope="module")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded API for runs in this process, as if the user had set it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEPTON_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect-home")))
        configure()
        with embedded_prefect() as address:
            patch.setenv("PREFECT_API_URL", address)
            yield address
