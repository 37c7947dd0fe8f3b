"""What a server is to `lepton up`: how to start it, how to know that it answers, and how it stands."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

State = Literal["running", "not answering", "died", "stopped"]
_ANSWER_SECONDS = 2.0
_ELSEWHERE_SECONDS = 5.0
_SERVER_FAULT = 500


@dataclass(frozen=True)
class ServerSpec:
    """A server that can be started.

    Attributes:
        address: where people and clients find it; empty if it listens nowhere.
        port: what it listens on, and `port_setting` the variable that moves it; 0: nothing.
        health_url: answers 200 when the server is ready; empty: `ready_file` appears instead.
        environment: variables beside this process's own.
    """

    name: str
    command: tuple[str, ...]
    address: str = ""
    port: int = 0
    port_setting: str = ""
    health_url: str = ""
    ready_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def answers(self) -> bool:
        """Whether it is ready now."""
        if self.ready_file:
            return self.ready_file.exists()
        return responds(self.health_url)


@dataclass(frozen=True)
class Server:
    """How one server of the home stands."""

    name: str
    state: State
    address: str
    pid: int
    log: Path


def address_of(host: str, port: int) -> str:
    """The URL by which this machine reaches a server that listens on `host`."""
    reachable = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def responds(url: str) -> bool:
    """Whether `url` answers with success within two seconds. Proxies are for other hosts than our own."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status < 400)
    except (urllib.error.URLError, OSError):
        return False


def is_reachable(url: str) -> bool:
    """Whether a server of somebody else's answers at all: that it wants a password or a certificate is an answer."""
    try:
        with urllib.request.urlopen(url, timeout=_ELSEWHERE_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code < _SERVER_FAULT  # above, it is often a proxy that tells of a server which is gone
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, ValueError, http.client.HTTPException):
        return False
