"""What a process writes to its log, passed on line by line under its name."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

log = logging.getLogger("tasks.train.team")
_SECRET_NAME = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+:[^/\s@]+(?=@)")
_SHORTEST_SECRET = 6  # shorter values, such as `1` or `none`, stand in many lines


class Journal:
    """The log of one process, from its present end on."""

    def __init__(self, name: str, file: Path) -> None:
        self.name, self.file = name, file
        self._place = file.stat().st_size if file.exists() else 0
        self._rest = b""

    def forward(self, to_end: bool = False) -> None:
        """Log the lines that came since the last call; with `to_end` a last one without an end too."""
        *lines, self._rest = (self._rest + self._read()).split(b"\n")
        if to_end and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                log.info("%s: %s", self.name, without_secrets(text))

    def _read(self) -> bytes:
        try:
            with self.file.open("rb") as file:
                file.seek(self._place)
                new = file.read()
        except FileNotFoundError:
            return b""
        self._place += len(new)
        return new


def without_secrets(text: str) -> str:
    """The text without credentials in URLs, and without the values of environment variables that name a secret."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _CREDENTIALS.sub("***", text)
