"""Prefect's API for the length of one run: a child on a free port of loopback, which ends when its parent does.

Prefect can start one by itself, but that one outlives a run that is killed, and holds the home's database.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import ServerError
from infra.processes import Child, die_with_parent, emit
from infra.progress import Progress, report
from infra.servers.server import responds
from infra.settings.home import HomeSettings
from infra.settings.servers import ServerSettings

EMBEDDED = "LEPTON_EMBEDDED_API"
_POLL_SECONDS = 0.1


@contextmanager
def embedded_prefect() -> Iterator[str]:
    """The API's URL, once it answers, while the block runs.

    Raises:
        ServerError: it ended, or did not answer in time.
    """
    log = HomeSettings().logs / "prefect-embedded.log"
    log.unlink(missing_ok=True)
    report(Progress("prefect", 0.0, 1.0, "starting"))
    child = Child(__name__, "", log)
    try:
        address = next((f"http://127.0.0.1:{event['port']}/api" for event in child.read()), "")
        _await(child, address)
        os.environ[EMBEDDED] = address
        report(Progress("prefect", 1.0, 1.0, "embedded"))
        yield address
    finally:
        os.environ.pop(EMBEDDED, None)
        child.stop()


def _await(child: Child, address: str) -> None:
    timeout = ServerSettings().start_timeout_seconds
    deadline = time.monotonic() + timeout
    while not (address and responds(f"{address}/health")):
        alive = child.process.poll() is None
        if not alive or not address or time.monotonic() > deadline:
            raise ServerError(
                "embedded Prefect server",
                found=f"{'no answer' if alive else 'its end'}; its log ends: {child.last_lines()}",
                allowed=f"an answer within {timeout:g} s",
                action=f"Read {child.log}; LEPTON_START_TIMEOUT_SECONDS gives it longer.",
            )
        time.sleep(_POLL_SECONDS)


def serve() -> None:
    """In the child: serve the API, without its UI, on a free port that the parent is told."""
    die_with_parent()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        emit({"port": port})
        # As Prefect's own short-lived server sets them: no UI, and no services that only a lasting server needs.
        os.environ |= {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
        os.environ["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"  # not any page on the web
        os.environ.pop("PREFECT_API_URL", None)
        import uvicorn

        application = "prefect.server.api.server:create_app"
        config = uvicorn.Config(application, factory=True, log_level="error", lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve()
