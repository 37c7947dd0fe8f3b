"""Where searches for options keep their trials."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TuningSettings(BaseSettings):
    """One place for all searches, or for each a database of its own."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_TUNING_", frozen=True)

    storage: str = Field(
        default="",
        repr=False,  # it may hold a password
        description="URL of a PostgreSQL database, which several homes may share; empty: SQLite below the home.",
    )
