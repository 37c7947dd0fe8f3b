"""A registry of models in a folder: an alias is a file, as a process leaves it that is killed between two."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tasks.register.promotion.move import CHAMPION
from tasks.register.promotion.promotion import Promotion


@dataclass(frozen=True)
class FolderRegistry:
    """Versions and aliases of any model.

    Attributes:
        dies_before: an alias; the process kills itself before it sets that one.
    """

    folder: Path
    dies_before: str = ""

    def add(self, *versions: str) -> None:
        for version in versions:
            (self.folder / f"version-{version}").touch()

    def delete(self, version: str) -> None:
        (self.folder / f"version-{version}").unlink()

    def has(self, model: str, version: str) -> bool:
        return (self.folder / f"version-{version}").exists()

    def aliased(self, model: str, alias: str) -> str:
        file = self.folder / alias
        version = file.read_text() if file.exists() else ""
        return version if version and self.has(model, version) else ""

    def point(self, model: str, alias: str, version: str) -> None:
        if alias == self.dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        draft = self.folder / f"{alias}-{os.getpid()}"
        draft.write_text(version)
        draft.rename(self.folder / alias)

    def note(self, promotion: Promotion) -> None:
        (self.folder / f"noted-{promotion.target}").write_text(promotion.ended)

    def champion(self) -> str:
        return self.aliased("m", CHAMPION)
