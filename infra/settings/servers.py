"""Addresses of the servers that `lepton up` starts."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerSettings(BaseSettings):
    """Loopback by default: nothing is offered to the network unless it is asked for."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_", frozen=True)

    host: str = Field(default="127.0.0.1", description="Interface that the servers listen on.")
    prefect_port: int = Field(default=4200, ge=1, le=65535, description="Port of the Prefect server and its UI.")
    mlflow_port: int = Field(default=5000, ge=1, le=65535, description="Port of the MLflow server and its UI.")
    start_timeout_seconds: float = Field(default=90.0, gt=0, description="How long a server may take to answer.")
