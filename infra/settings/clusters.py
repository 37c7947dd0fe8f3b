"""Where engines run: on this machine unless a cluster is named."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClusterSettings(BaseSettings):
    """Addresses of the clusters that steps may use."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_", frozen=True)

    spark_master: str = Field(default="local[*]", description="Spark master URL.")
    spark_driver_memory: str = Field(default="2g", description="Heap of Spark's driver, which is all of a local Spark.")
    spark_result_limit: str = Field(
        default="1g", description="The most that tasks may send to Spark's driver; rows never go there."
    )
    dask_scheduler: str = Field(default="", description="Address of a Dask scheduler; empty: threads of this process.")
