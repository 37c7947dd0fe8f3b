"""Fashion-MNIST (Xiao et al. 2017) as features of a scattering transform, and private trainings on them."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

FOLDER = Path(os.environ.get("LEPTON_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
CLASSES, CHUNK = 10, 100
GROUPS = 27
"""Of three channels each, as Tramèr and Boneh 2021 have them."""


@dataclass(frozen=True)
class Part:
    """Images as features (n, 7 * 7 * 81), and their classes (n,)."""

    features: NDArray[np.float32]
    classes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.classes)


def read(part: str) -> Part:
    """`train`, of 60,000 images, or `t10k`, of 10,000."""
    if not (FOLDER / f"{part}-images-idx3-ubyte.gz").exists():
        pytest.skip(
            f"no Fashion-MNIST in {FOLDER}: install Debian's dataset-fashion-mnist, or name a folder with its four "
            "files in LEPTON_FASHION_MNIST"
        )
    images, classes = (_numbers(FOLDER / f"{part}-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1"))
    return Part(_features(images), classes.astype(np.int32))


def trainer(learned: Part, epochs: int, batch_size: int, optimizer: dict[str, Any], **privacy: Any) -> Any:
    """The private training of a linear model on features."""
    import tensorflow as tf

    from tasks.dp.config import PrivacyOptions
    from tasks.dp.plan import plan_training
    from tasks.dp.trainer import PrivateTrainer
    from tasks.fit.batches import Examples
    from tasks.fit.config import OptimizerOptions
    from tasks.fit.loop import FitPlan
    from tasks.fit.losses import cross_entropy
    from tasks.model.network import Network

    inputs = {"features": tf.keras.Input(learned.features.shape[1:], name="features")}
    logits = tf.keras.layers.Dense(CLASSES, kernel_initializer="zeros", name="logits")(inputs["features"])
    model = tf.keras.Model(inputs, logits)
    options = PrivacyOptions(preprocessing="public", **privacy)  # no weight of the features' layers was learned
    private = plan_training(options, batch_size, epochs, len(learned), len(learned))
    plan = FitPlan(epochs, OptimizerOptions.model_validate(optimizer), checkpoint_steps=0, seed=0)
    examples = Examples(
        lambda rows: learned.classes[rows], lambda rows: {"features": learned.features[rows]}, len(learned)
    )
    return PrivateTrainer(Network(model, model), cross_entropy(), examples, plan, private, options)


def accuracy(model: Any, part: Part) -> float:
    """Share of the images whose class comes first."""
    logits = model.predict({"features": part.features}, batch_size=1000, verbose=0)
    return float((logits.argmax(axis=1) == part.classes).mean())


def _numbers(file: Path) -> NDArray[np.uint8]:
    """What a file of the format idx holds: after two zeros its type and how many axes it has, then their sizes."""
    content = gzip.decompress(file.read_bytes())
    sizes = np.frombuffer(content, ">u4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def _features(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of each image by itself: scattering, then mean 0 and variance 1 over each group of its channels."""
    import tensorflow as tf

    from tasks.model.scattering import Scattering

    layers = tf.keras.layers
    images = images[..., None]
    inputs = tf.keras.Input(images.shape[1:])
    scattered = layers.GroupNormalization(GROUPS, center=False, scale=False, epsilon=1e-5)(Scattering()(inputs))
    front = tf.function(tf.keras.Model(inputs, layers.Flatten()(scattered)), autograph=False)
    chunks = (tf.constant(images[start : start + CHUNK], tf.float32) for start in range(0, len(images), CHUNK))
    return np.concatenate([front(chunk / 255.0).numpy() for chunk in chunks])
