"""Make a package a version of the registry."""

from __future__ import annotations

from pathlib import Path

from tasks.data.fingerprint import code_fingerprint
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef, VersionRef
from tasks.dp.record import PRIVACY, load_record
from tasks.register import flavor
from tasks.register.examples import examples
from tasks.register.signature import output_columns
from tasks.register.steps.versions import (
    PACKAGE_DIGEST,
    PARENT_VERSION,
    STARTED_FROM,
    ensure_model,
    privacy_tags,
    version_ref,
)
from tasks.runtime.package import read_manifest
from tasks.step import step


@step
def register(
    recipe: str,
    model: ModelRef,
    evaluation: EvaluationRef,
    dataset: DatasetRef,
    parent: VersionRef | None,
) -> VersionRef:
    """Log a package with its signature, an example and lineage, and make it a version of the model `recipe`.

    A version that this run already made of this package, before a kill or a new measurement, is found again.
    """
    import mlflow

    client = mlflow.MlflowClient()
    ensure_model(client, recipe)
    for made in client.search_model_versions(f"name = '{recipe}' and run_id = '{model.run_id}'"):
        if made.tags.get(PACKAGE_DIGEST) == model.digest:
            return version_ref(made)
    manifest = read_manifest(Path(model.path))
    started_from = client.get_run(model.run_id).data.tags.get(STARTED_FROM)
    record = load_record(Path(model.path))
    if record:
        client.log_text(model.run_id, record.model_dump_json(indent=2), PRIVACY)
    info = flavor.log_package(model, output_columns(manifest), examples(evaluation)[0]["input"])
    tags = {
        "lepton.dataset_digest": dataset.digest,
        PACKAGE_DIGEST: model.digest,
        "lepton.format": manifest.format,
        "lepton.code_hash": code_fingerprint(("tasks.compress.worker" if parent else "tasks.train.worker",)),
        **({PARENT_VERSION: parent.version} if parent else {}),
        **({STARTED_FROM: started_from} if started_from else {}),
        **privacy_tags(record),
    }
    return version_ref(
        client.create_model_version(recipe, info.model_uri, model.run_id, tags=tags, model_id=info.model_id)
    )
