"""Train on a data set version, with live curves in MLflow and their picture in Prefect."""

from __future__ import annotations

import base64
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_markdown_artifact

from infra.clusters.dask import dask_client
from infra.progress import Progress, report
from infra.settings.clusters import ClusterSettings
from infra.settings.home import HomeSettings
from infra.stores.tracking import artifact_location
from tasks.data.references import DatasetRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import StartRef
from tasks.step import step, step_key
from tasks.train.curves import Point
from tasks.train.recorder import Recorder

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from tasks.train.team.seats import Place

log = logging.getLogger(__name__)
_PARAMS_AT_ONCE = 100  # MLflow's limit
_NO_FIGURES = ("loss", "steps", "rows")  # of the outcome: told by the curves and the data set


@step
def train(name: str, options: TrainOptions, dataset: DatasetRef, start: StartRef | None = None) -> ModelRef:
    """Train in child processes, from `start` if it is given, else from the weights that the task begins with.

    The same call after a kill goes on from the last checkpoint and MLflow run.
    """
    import mlflow

    from tasks.model.weights import weights
    from tasks.train.launcher import train as launch

    home = HomeSettings()
    key = step_key(train, name, options, dataset, start)[:16]
    work, package = home.training / key, home.packages / key
    client = mlflow.MlflowClient()
    run_id, is_new = _run(client, name, options, dataset, work)
    if start:
        client.set_tag(run_id, "lepton.started_from", start.uri)
    shown = "-".join([name, *_mitigation(options)]).replace("_", "-")
    with _recorded(client, shown, run_id, work, options.epochs) as recorder, _place() as place:

        def on_event(event: dict[str, Any]) -> None:
            if "progress" in event:
                report(Progress("train", **event["progress"]))
            recorder.take(event)

        if is_new or not package.exists():  # else a kill came between the package and its record
            outcome = launch(
                options,
                dataset_path=dataset.path,
                dataset_digest=dataset.digest,
                weights=Path(start.path) if start else weights() if options.task.startswith("text") else None,
                work=work,
                package=package,
                log_folder=home.logs / f"train-{key}",
                on_event=on_event,
                place=place,
            )
            _send(client, run_id, _figures(outcome, recorder.curves.names))
    for checkpoint in work.glob("step-*"):
        checkpoint.unlink()
    return ModelRef(path=str(package), digest=tree_digest(package), run_id=run_id)


@contextmanager
def _place() -> Iterator[Place]:
    """Where processes run: on the hosts of the Dask cluster that is set, else here."""
    from tasks.train.team.dask_hosts import DaskHosts
    from tasks.train.team.machine import ThisMachine

    settings = ClusterSettings()
    if not settings.dask_scheduler:
        yield ThisMachine()
        return
    with dask_client(settings) as client:
        yield DaskHosts(client)


def _run(client: MlflowClient, name: str, options: TrainOptions, dataset: DatasetRef, work: Path) -> tuple[str, bool]:
    """The MLflow run of this training, and whether it is new: the one that a killed attempt began goes on."""
    from mlflow.exceptions import MlflowException

    kept = work / "mlflow_run"
    if kept.exists():
        try:
            client.update_run(kept.read_text(), status="RUNNING")
            return kept.read_text(), False
        except MlflowException:
            pass  # its database is gone: begin a new one
    run = client.create_run(_experiment(client, name), run_name=" ".join([name, "train", *_mitigation(options)]))
    run_id: str = run.info.run_id
    _log_options(client, run_id, options)
    _log_dataset(client, run_id, name, dataset)
    work.mkdir(parents=True, exist_ok=True)
    kept.write_text(run_id)
    return run_id, True


def _mitigation(options: TrainOptions) -> list[str]:
    """What tells trainings apart that a run compares."""
    return [options.mitigation.method] if options.mitigation.is_on else []


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name, artifact_location(name)))


def _log_options(client: MlflowClient, run_id: str, options: TrainOptions) -> None:
    """Each option by its name in a recipe, such as `optimizer.learning_rate`."""
    from mlflow.entities import Param

    params = [Param(name, str(value)) for name, value in _flat(options.model_dump())]
    for first in range(0, len(params), _PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[first : first + _PARAMS_AT_ONCE])


def _flat(options: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _log_dataset(client: MlflowClient, run_id: str, name: str, dataset: DatasetRef) -> None:
    """As a dataset input with our digest: MLflow's own covers the first rows only."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    entity = Dataset(name=name, digest=dataset.digest[:36], source_type="local", source=dataset.path)
    tags = [InputTag("mlflow.data.context", "training"), InputTag("lepton.digest", dataset.digest)]
    client.log_inputs(run_id, [DatasetInput(dataset=entity, tags=tags)])


@contextmanager
def _recorded(client: MlflowClient, name: str, run_id: str, work: Path, epochs: int) -> Iterator[Recorder]:
    """Curves while the block runs; when it ends, well or not, their files, their picture and the run's state."""
    recorder = Recorder(work, epochs, lambda points: _send(client, run_id, points))
    try:
        yield recorder
        recorder.close()
    except Exception:
        try:
            recorder.close()
            _show(client, name, run_id, recorder)
            client.set_terminated(run_id, "FAILED")
        except Exception as error:  # what ended the training is what counts
            log.warning("the curves of a failed training are not shown: %s", error)
        raise
    _show(client, name, run_id, recorder)
    client.set_terminated(run_id)


def _send(client: MlflowClient, run_id: str, points: Sequence[Point]) -> None:
    from mlflow.entities import Metric

    client.log_batch(run_id, [Metric(point.curve, point.value, point.time_ms, point.step) for point in points])


def _figures(outcome: Mapping[str, Any], curves: Sequence[str]) -> list[Point]:
    """Numbers that tell of the training as a whole, such as `fit_seconds` and `restarts`, and are no curves."""
    now = time.time_ns() // 1_000_000
    numbers = {name: value for name, value in outcome.items() if isinstance(value, int | float)}
    return [Point(name, 0, float(value), now) for name, value in numbers.items() if name not in (*curves, *_NO_FIGURES)]


def _show(client: MlflowClient, name: str, run_id: str, recorder: Recorder) -> None:
    """Table, picture and event file as MLflow artifacts; the picture and the last values in Prefect too."""
    with tempfile.TemporaryDirectory(prefix="lepton-") as folder:
        picture = recorder.write_files(Path(folder))
        if picture is None:
            return
        client.log_artifacts(run_id, folder)
        data = base64.b64encode(picture.read_bytes()).decode()  # whole, since Prefect's page keeps no files
    rows = [f"| {curve} | {value:.5g} | {step} |" for curve, step, value in recorder.curves.last()]
    table = "\n".join(["| curve | last value | step |", "| --- | --- | --- |", *rows])
    markdown = f"![loss, validation and learning rate by step](data:image/png;base64,{data})\n\n{table}"
    create_markdown_artifact(markdown, key=f"{name}-curves", description="Curves of the training")
