"""One training process. Worker 0 is the chief: it reports, writes the checkpoints and packs the model."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.environment import configure
from infra.processes import child_main, emit
from infra.progress import Progress, watching
from tasks.train.spec import TrainSpec
from tasks.train.team.cluster import hosts, is_distributed, join, serve, tf_config, waiting_threads
from tasks.train.team.heart import Heart

if TYPE_CHECKING:
    from tasks.dp.trainer import PrivateTrainer
    from tasks.fit.checkpoints import Checkpoints
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.fit.report import StepReport
    from tasks.fit.validation import Validation
    from tasks.lessons.material import Material
    from tasks.model.network import Network

SECONDS_BETWEEN_REPORTS = 0.25


def work(spec_file: str) -> dict[str, Any]:
    """Train as the spec file says. The chief's result holds what the launcher returns."""
    configure()
    spec = TrainSpec.model_validate_json(Path(spec_file).read_text(encoding="utf-8"))
    with Heart().beating() as heart:
        _claim_machine(spec)
        if not spec.has_result:
            serve(spec, heart)
        return _train(spec, heart)


def _claim_machine(spec: TrainSpec) -> None:
    """Take this process's cores and find the others; must come before TensorFlow's first operation."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec.cores)
    if is_distributed(spec):
        os.environ |= {"TF_CONFIG": tf_config(spec), "no_grpc_proxy": hosts(spec)}
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(len(spec.cores))
    tf.config.threading.set_inter_op_parallelism_threads(waiting_threads(spec))


def _train(spec: TrainSpec, heart: Heart) -> dict[str, Any]:
    import tensorflow as tf

    from tasks.fit.loop import Trainer
    from tasks.lessons.material import prepare, read_train_rows
    from tasks.lessons.released import released

    tf.keras.utils.set_random_seed(spec.options.seed)
    is_private = spec.options.privacy.is_on
    strategy = tf.distribute.get_strategy() if is_private else join(spec)
    release = partial(released, spec.options, work=spec.work, identity=spec.identity)
    material = prepare(spec.options, read_train_rows(spec.options, spec.dataset), spec.weights, release)
    began = time.perf_counter()
    with strategy.scope():
        network, checkpoints = material.lesson.build(), _checkpoints(spec, heart)
        if material.lesson.prime and not checkpoints.last():
            with watching(_tell) if spec.is_chief else nullcontext():
                material.lesson.prime(network, material.learned)
        trainer = _private_trainer(spec, material, network) if is_private else _trainer(spec, material, network)
        loss = trainer.fit(checkpoints, spec.is_chief, Reporter(spec.is_chief, heart))
    seconds = time.perf_counter() - began
    if spec.is_chief and spec.package:
        from tasks.train.packing import pack

        with heart.at("pack"), watching(_tell):
            record = None if isinstance(trainer, Trainer) else trainer.record(spec.dataset_digest)
            pack(spec, spec.package, material.lesson, network.trained.get_weights(), record)
    figures = {"rows": len(material.learned), "fit_seconds": round(seconds, 3)}
    return {"loss": loss, **figures, **trainer.summary()}


def _tell(progress: Progress) -> None:
    emit({"progress": {"done": progress.done, "total": progress.total, "text": progress.text}})


def _checkpoints(spec: TrainSpec, heart: Heart) -> Checkpoints:
    from tasks.fit.checkpoints import Checkpoints, State

    class Watched(Checkpoints):
        """Says so while it writes: a slow disk is no dead worker."""

        def _write(self, target: Path, state: State, best: int = -1) -> None:
            with heart.at("save"):
                super()._write(target, state, best)

    return Watched(spec.work, spec.identity, spec.options.keep_checkpoints)


def _private_trainer(spec: TrainSpec, material: Material, network: Network) -> PrivateTrainer:
    from tasks.dp.trainer import PrivateTrainer
    from tasks.lessons.privacy import check_start, plan_of

    check_start(spec.weights, spec.dataset_digest)
    options, learned = spec.options, material.learned
    private = plan_of(options, len(learned), material.persons)
    validation = _validation(spec, material)
    return PrivateTrainer(network, material.lesson.loss, learned, _plan(spec), private, options.privacy, validation)


def _plan(spec: TrainSpec) -> FitPlan:
    from tasks.fit.loop import FitPlan

    options = spec.options
    return FitPlan(
        epochs=options.epochs,
        optimizer=options.optimizer,
        checkpoint_steps=options.checkpoint_steps,
        seed=options.seed,
        stopping=options.stopping,
        speed=options.speed.model_copy(update={"xla": "off"}) if spec.is_asynchronous else options.speed,
    )


def _validation(spec: TrainSpec, material: Material) -> Validation | None:
    from tasks.fit.validation import Validation

    held = material.validation
    return Validation(held, material.lesson.quality, spec.options.batch_size) if held else None


def _trainer(spec: TrainSpec, material: Material, network: Network) -> Trainer:
    from tasks.fit.batches import Batches
    from tasks.fit.loop import Trainer

    options = spec.options
    part = (0, 1) if spec.is_asynchronous else (spec.worker, spec.workers)
    batches = Batches(material.learned, options.batch_size, options.seed, *part)
    plan, validation = _plan(spec), _validation(spec, material)
    if spec.is_asynchronous:
        from tasks.fit.parameter_server import ParameterServerTrainer

        return ParameterServerTrainer(network, material.lesson.loss, batches, plan, validation, workers=spec.workers)
    rival = material.lesson.rival
    return Trainer(network, material.lesson.loss, batches, plan, validation, rival() if rival else None)


class Reporter:
    """Sends progress and metrics a few times a second; a loss is the mean since the last report."""

    def __init__(self, is_chief: bool, heart: Heart) -> None:
        self.is_chief, self.heart = is_chief, heart
        self._last: float | None = None
        self._losses: list[float] = []
        self._epsilon = ""

    def __call__(self, report: StepReport) -> None:
        """Take one step in."""
        self.heart.stepped(report.step)
        self._losses.append(report.loss)
        is_told = bool(report.validation or report.privacy.get("epsilon"))
        now = time.monotonic()
        if self._last is None:
            emit({"started": True})
        elif now - self._last < SECONDS_BETWEEN_REPORTS and report.step < report.total and not is_told:
            return
        self._last = now
        if self.is_chief:
            self._send(report, sum(self._losses) / len(self._losses))
        self._losses.clear()

    def _send(self, report: StepReport, loss: float) -> None:
        if "epsilon" in report.privacy:
            self._epsilon = f" epsilon {report.privacy['epsilon']:.3g}"
        text = f"epoch {report.epoch}/{report.epochs} loss {loss:.4f}{self._epsilon}"
        emit({"progress": {"done": report.step, "total": report.total, "text": text}})
        emit({"metrics": {**report.metrics(), "step": report.step, "loss": loss}})


if __name__ == "__main__":
    child_main(work)
