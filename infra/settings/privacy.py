"""Where the ledger of privacy budgets lies."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class PrivacySettings(BaseSettings):
    """One ledger for all homes that read the same data, or for each home its own."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_PRIVACY_", frozen=True)

    ledger: str = Field(
        default="",
        repr=False,  # it may hold a password
        description="URL of a PostgreSQL database, which several homes may share; empty: SQLite below the home.",
    )
