"""Where the history of promotions lies."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PromotionSettings(BaseSettings):
    """One history for all homes that promote in the same registry, or for each home its own."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_PROMOTIONS_", frozen=True)

    history: str = Field(
        default="",
        repr=False,  # it may hold a password
        description="URL of a PostgreSQL database, which several homes may share; empty: SQLite below the home.",
    )
