"""What docker-compose.yml and the image say, against the code; containers can't run where these tests do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings.home import checkout

COMPOSE = "docker-compose.yml"


def config(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """podman-compose's reading of the file. It asks podman for its version and no more, so that is what there is."""
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **variables}
    command = [sys.executable, "-m", "podman_compose", "-f", str(checkout() / COMPOSE), "config"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    done = config(tmp_path, POSTGRES_PASSWORD="secret")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return found


def test_it_has_what_up_starts_and_a_database(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "prefect", "mlflow", "worker"}
    assert {name for name in services if "build" in services[name]} == {"prefect", "mlflow", "worker"}
    url = services["prefect"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert url == "postgresql+asyncpg://prefect:secret@postgres:5432/prefect"
    assert importlib.util.find_spec("asyncpg"), "the driver of that URL"


def test_modules_that_it_starts_exist(services: dict[str, Any]) -> None:
    for name in ("prefect", "mlflow", "worker"):
        python, option, module, *_ = services[name]["command"]
        assert (python, option) == ("python", "-m")
        assert importlib.util.find_spec(module)


def test_only_its_own_page_may_use_prefects_api(services: dict[str, Any]) -> None:
    origins = services["prefect"]["environment"]["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"].split(",")
    assert origins == ["http://localhost:4200", "http://127.0.0.1:4200"]


def test_ports_are_for_this_machine_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:4200:4200", "127.0.0.1:5000:5000"]


def test_without_a_password_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTGRES_PASSWORD", raising=False)
    done = config(tmp_path)
    assert done.returncode != 0
    assert "choose one" in done.stderr


def test_the_image_copies_what_there_is() -> None:
    lines = (checkout() / "infra" / "images" / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[2:-1]]
    allowed = (checkout() / ".dockerignore").read_text().split()
    for name in copied:
        assert (checkout() / name).exists()
        assert f"!{name}" in allowed, "what the image copies must not be ignored"
