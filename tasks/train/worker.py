"""One training process. Worker 0 is the chief: it reports, writes the checkpoints and packs the model."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.environment import configure
from infra.processes import child_main, emit
from tasks.train.spec import TrainSpec

if TYPE_CHECKING:
    from tasks.fit.loop import StepReport, Trainer
    from tasks.model.network import Network
    from tasks.train.material import Material

SECONDS_BETWEEN_REPORTS = 0.25


def work(spec_file: str) -> dict[str, Any]:
    """Train as the spec file says. The chief's result holds what the launcher returns."""
    configure()
    spec = TrainSpec.model_validate_json(Path(spec_file).read_text(encoding="utf-8"))
    _claim_machine(spec)
    return _train(spec)


def _claim_machine(spec: TrainSpec) -> None:
    """Take this worker's cores and join the others; must come before TensorFlow's first operation."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec.cores)
    if spec.workers > 1:
        addresses = [f"127.0.0.1:{port}" for port in spec.ports]
        task = {"type": "worker", "index": spec.worker}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(len(spec.cores))
    tf.config.threading.set_inter_op_parallelism_threads(2)  # one may wait for the other workers


def _train(spec: TrainSpec) -> dict[str, Any]:
    import tensorflow as tf

    from tasks.fit.checkpoints import Checkpoints
    from tasks.train.material import prepare, read_train_rows

    tf.keras.utils.set_random_seed(spec.options.seed)
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if spec.workers > 1 else tf.distribute.get_strategy()
    material = prepare(spec.options, read_train_rows(spec), spec.weights)
    began = time.perf_counter()
    with strategy.scope():
        network = material.lesson.build()
        trainer = _trainer(spec, material, network)
        loss = trainer.fit(Checkpoints(spec.work, spec.identity), spec.is_chief, Reporter(spec.is_chief))
    seconds = time.perf_counter() - began
    if spec.is_chief:
        from tasks.train.packing import pack

        pack(spec, material.lesson, network.trained.get_weights())
    return {"loss": loss, "steps": trainer.total, "rows": len(material.learned), "fit_seconds": round(seconds, 3)}


def _trainer(spec: TrainSpec, material: Material, network: Network) -> Trainer:
    from tasks.fit.batches import Batches
    from tasks.fit.loop import FitPlan, Trainer

    options = spec.options
    batches = Batches(material.learned, options.batch_size, options.seed, spec.worker, spec.workers)
    plan = FitPlan(
        epochs=options.epochs,
        optimizer=options.optimizer,
        checkpoint_steps=options.checkpoint_steps,
        seed=options.seed,
    )
    return Trainer(network, material.lesson.loss, batches, plan)


class Reporter:
    """Sends progress and metrics a few times a second; a loss is the mean since the last report."""

    def __init__(self, is_chief: bool) -> None:
        self.is_chief = is_chief
        self._last: float | None = None
        self._losses: list[float] = []

    def __call__(self, report: StepReport) -> None:
        """Take one step in."""
        self._losses.append(report.loss)
        now = time.monotonic()
        if self._last is None:
            emit({"started": True})
        elif now - self._last < SECONDS_BETWEEN_REPORTS and report.step < report.total:
            return
        self._last = now
        if self.is_chief:
            self._send(report, sum(self._losses) / len(self._losses))
        self._losses.clear()

    def _send(self, report: StepReport, loss: float) -> None:
        text = f"epoch {report.epoch}/{report.epochs} loss {loss:.4f}"
        emit({"progress": {"done": report.step, "total": report.total, "text": text}})
        metrics = {
            "step": report.step,
            "loss": loss,
            "learning_rate": report.learning_rate,
            "samples_per_second": round(report.samples_per_second, 1),
        }
        emit({"metrics": metrics})


if __name__ == "__main__":
    child_main(work)
