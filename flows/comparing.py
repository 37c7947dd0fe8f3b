"""A candidate beside the champion that it would replace."""

from __future__ import annotations

from flows.models import package_of
from flows.stages import Stages
from infra.errors import LeptonError
from tasks.data.references import DatasetRef, ModelRef, Reference, VersionRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.steps import compare


def compared(
    name: str,
    options: EvaluateOptions,
    candidate: ModelRef,
    champion: VersionRef | None,
    dataset: DatasetRef,
    stages: Stages,
) -> Reference | None:
    """The folder with `comparison.json`, which also says why a champion could not be asked; None: there is none."""
    if champion is None:
        return None
    package, reason = _package(champion)
    return stages.run("compare", compare, name, options, candidate, package, champion.uri, reason, dataset)


def _package(champion: VersionRef) -> tuple[ModelRef | None, str]:
    """The champion's package, or why it can't be had."""
    import mlflow

    try:
        path = package_of(mlflow.MlflowClient().get_model_version(champion.name, champion.version))
    except LeptonError as error:
        return None, str(error)
    return ModelRef(path=str(path), digest=champion.digest, run_id=champion.run_id), ""
