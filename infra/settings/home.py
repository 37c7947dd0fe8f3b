"""Where a local run writes: `LEPTON_HOME` and the folders below it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def checkout() -> Path:
    """The folder that holds this project's code."""
    return Path(__file__).resolve().parents[2]


def _default_home() -> Path:
    root = checkout()
    return (root if (root / "pyproject.toml").exists() else Path.cwd()) / ".lepton"


class HomeSettings(BaseSettings):
    """Everything that a run leaves on this machine lies below `home`."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_", frozen=True)

    home: Path = Field(default_factory=_default_home, description="Databases, data sets, models, keys and logs.")
    cache: Path | None = Field(default=None, description="Fetched packages; below the home unless set.")

    @property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def samples(self) -> Path:
        """Sample data and pretrained weights, unpacked and checked."""
        return self.cache.expanduser().resolve() if self.cache else self.root / "cache"

    @property
    def datasets(self) -> Path:
        """Data set versions, one directory each."""
        return self.root / "datasets"

    @property
    def training(self) -> Path:
        """Work folders of trainings: checkpoints, worker logs."""
        return self.root / "training"

    @property
    def tuning(self) -> Path:
        """Searches for options, one directory a study: its database, trials, pictures and the best recipe."""
        return self.root / "tuning"

    @property
    def packages(self) -> Path:
        """Model packages: what the runtime loads and MLflow registers."""
        return self.root / "packages"

    @property
    def reports(self) -> Path:
        """Evaluations: metrics, tables and pictures."""
        return self.root / "reports"

    @property
    def labels(self) -> Path:
        """Questions to people and their answers, a database a recipe, and the sheets to fill in."""
        return self.root / "labels"

    @property
    def keys(self) -> Path:
        """The key that overrides are signed by; for its owner alone."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """Logs of child processes and servers."""
        return self.root / "logs"
