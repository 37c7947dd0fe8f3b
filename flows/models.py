"""What MLflow holds."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.stores.tracking import connect


def run_exists(run_id: str) -> bool:
    """Whether MLflow still has that run, or is the same MLflow at all."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        run = mlflow.MlflowClient().get_run(run_id)
    except MlflowException:
        return False
    return bool(run.info.lifecycle_stage == "active")


def registered_models() -> list[dict[str, str]]:
    """Name, version, aliases and time of making, newest first within a model."""
    connect()
    import mlflow

    client = mlflow.MlflowClient()
    return [
        {
            "model": model.name,
            "version": str(version.version),
            "alias": ", ".join(sorted(alias for alias, number in model.aliases.items() if number == version.version)),
            "made": datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
        }
        for model in client.search_registered_models()
        for version in client.search_model_versions(f"name = '{model.name}'", order_by=["creation_timestamp DESC"])
    ]
