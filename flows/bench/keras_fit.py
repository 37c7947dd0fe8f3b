"""The peer of the benchmarks of training, in a process of its own: Keras `fit` under MultiWorkerMirroredStrategy.

The model and the batches are ours; strategy, optimiser, loop and recovery are Keras's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.environment import configure
from infra.processes import child_main, emit
from tasks.data.references import Reference
from tasks.data.version import read_rows
from tasks.lessons.config import TrainOptions


class FitSpec(BaseModel):
    """One worker's part.

    Attributes:
        backup: where BackupAndRestore keeps the state of the last whole epoch; empty: nowhere.
        ports: on loopback, one a worker.
    """

    model_config = ConfigDict(frozen=True)

    options: TrainOptions
    dataset_path: str
    dataset_digest: str
    weights: Path
    backup: str
    worker: int
    ports: tuple[int, ...]
    core: int


def fit(text: str) -> dict[str, Any]:
    """Train as the spec says; worker 0 tells of each step."""
    configure()
    spec = FitSpec.model_validate_json(text)
    os.sched_setaffinity(0, {spec.core})
    if len(spec.ports) > 1:
        addresses = [f"127.0.0.1:{port}" for port in spec.ports]
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": spec.worker}}
        os.environ["TF_CONFIG"] = json.dumps(cluster)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if len(spec.ports) > 1 else tf.distribute.get_strategy()
    _fit(spec, strategy)
    return {}


def _fit(spec: FitSpec, strategy: Any) -> None:
    import tensorflow as tf

    from tasks.fit.batches import Batches
    from tasks.lessons.material import prepare

    options = spec.options
    tf.keras.utils.set_random_seed(options.seed)
    dataset = Reference(path=spec.dataset_path, digest=spec.dataset_digest)
    material = prepare(options, read_rows(dataset, "train", ["row_id", "key", "text", "label"]), spec.weights)
    batches = Batches(material.learned, options.batch_size, options.seed)
    with strategy.scope():
        model = _model(material.lesson.build().trained)
        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=tf.keras.optimizers.AdamW(options.optimizer.learning_rate), loss=loss)
    steps = batches.steps_per_epoch
    callbacks = [_reporting(steps, options.epochs)] if spec.worker == 0 else []
    if spec.backup:
        callbacks.append(tf.keras.callbacks.BackupAndRestore(spec.backup))
    rows = _dataset(batches, options.epochs * steps)
    model.fit(rows, epochs=options.epochs, steps_per_epoch=steps, callbacks=callbacks, verbose=0)


def _model(trained: Any) -> Any:
    """The model, with the masks of its dropout drawn from the step, as its layers want it."""
    import tensorflow as tf

    from tasks.model.dropout import dropout_seed

    class Seeded(tf.keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            step = tf.cast(self.optimizer.iterations, tf.int32)
            with dropout_seed(tf.stack([tf.constant(7), step])):
                return super().train_step(data)

    return Seeded(trained.inputs, trained.outputs)


def _dataset(batches: Any, total: int) -> Any:
    """Global batches, of which Keras gives every worker its share."""
    import tensorflow as tf

    def rows() -> Iterator[tuple[Any, Any]]:
        for step in range(total):
            part = batches.slice(step)
            yield part.inputs, part.targets

    example = batches.slice(0)
    inputs = {
        name: tf.TensorSpec([None, *[None] * (array.ndim - 1)], array.dtype) for name, array in example.inputs.items()
    }
    signature = (inputs, tf.TensorSpec([None], example.targets.dtype))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return tf.data.Dataset.from_generator(rows, output_signature=signature).prefetch(2).with_options(options)


def _reporting(steps: int, epochs: int) -> Any:
    import tensorflow as tf

    class Reporting(tf.keras.callbacks.Callback):  # type: ignore[misc]
        epoch = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            done = self.epoch * steps + batch + 1
            emit({"progress": {"done": done, "total": steps * epochs, "text": f"epoch {self.epoch + 1}/{epochs}"}})

    return Reporting()


if __name__ == "__main__":
    child_main(fit)
