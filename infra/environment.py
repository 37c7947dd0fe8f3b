"""What must stand in the environment before Prefect, MLflow, TensorFlow or Spark is imported."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from infra.settings.home import HomeSettings

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_USE_LEGACY_KERAS": "1",
}


def configure() -> None:
    """Point every library at the home and quieten it. What the user set stays as it is."""
    home = HomeSettings().root
    defaults = {
        **QUIET,
        "LEPTON_HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    with suppress(OSError):  # Prefect makes its folder only below one that exists; a bad home is told of later
        (home / "prefect").mkdir(parents=True, exist_ok=True)
