"""Prefect's server: API, scheduler and UI in one process, on SQLite in the home."""

from __future__ import annotations

import sys

from infra.servers.server import ServerSpec, address_of
from infra.settings.servers import ServerSettings

NAME = "prefect"


def prefect_server(settings: ServerSettings) -> ServerSpec:
    """How to start it. Its database lies below `PREFECT_HOME`, which the environment points at the home."""
    address = address_of(settings.host, settings.prefect_port)
    return ServerSpec(
        name=NAME,
        command=(
            *(sys.executable, "-m", "prefect", "server", "start"),
            *("--host", settings.host, "--port", str(settings.prefect_port)),
        ),
        address=address,
        port=settings.prefect_port,
        port_setting="LEPTON_PREFECT_PORT",
        health_url=f"{address}/api/health",
        environment={
            "PREFECT_API_URL": f"{address}/api",
            "PREFECT_UI_API_URL": f"{address}/api",
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": ",".join(_origins(address, settings)),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        },
    )


def _origins(address: str, settings: ServerSettings) -> list[str]:
    """The pages that may use the API: its own, by both names. Prefect's default lets any page on the web in."""
    return list(dict.fromkeys([address, address_of("localhost", settings.prefect_port)]))
