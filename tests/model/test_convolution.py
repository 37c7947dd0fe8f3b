from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.compress.network_file import load_network, save_network
from tasks.fit.batches import Batches, Examples
from tasks.fit.config import OptimizerOptions
from tasks.fit.loop import FitPlan, Trainer
from tasks.fit.losses import cross_entropy
from tasks.model.convolution import build_cnn


def bars(rows: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Noise of 8 by 8 pixels with a bright line: across it is class 0, along it is class 1."""
    random = np.random.default_rng(3)
    images = random.uniform(0, 0.3, (rows, 8, 8, 1)).astype(np.float32)
    classes = np.arange(rows) % 2
    for image, is_along, place in zip(images, classes, random.integers(0, 8, rows), strict=True):
        image[(slice(None), place) if is_along else (place, slice(None))] = 1.0
    return images, classes.astype(np.int32)


def test_its_weights_are_those_of_its_layers_and_it_begins_undecided() -> None:
    network = build_cnn((8, 8, 3), classes=5, filters=(4, 6), units=7)

    shapes = [tuple(weight.shape) for weight in network.trained.weights]
    assert shapes == [(3, 3, 3, 4), (4,), (3, 3, 4, 6), (6,), (2 * 2 * 6, 7), (7,), (7, 5), (5,)]
    images = np.random.default_rng(0).uniform(size=(3, 8, 8, 3)).astype(np.float32)
    assert np.allclose(network.exported({"images": images}), 0.2)
    again = build_cnn((8, 8, 3), classes=5, filters=(4, 6), units=7)
    assert all(
        np.array_equal(*pair) for pair in zip(network.trained.get_weights(), again.trained.get_weights(), strict=True)
    )
    other = build_cnn((8, 8, 3), classes=5, filters=(4, 6), units=7, seed=9)
    assert not np.array_equal(network.trained.get_weights()[0], other.trained.get_weights()[0])


def test_it_learns_what_is_a_matter_of_where_pixels_stand_to_each_other(tmp_path: Path) -> None:
    images, classes = bars(256)
    learned = Examples(lambda rows: classes[rows], lambda rows: {"images": images[rows]}, rows=192)
    network = build_cnn((8, 8, 1), classes=2, filters=(4, 8), units=16)
    plan = FitPlan(epochs=12, optimizer=OptimizerOptions(learning_rate=0.01), checkpoint_steps=0, seed=1)

    Trainer(network, cross_entropy(), Batches(learned, 16, 1), plan).fit()

    probabilities = network.exported({"images": images[192:]}).numpy()
    assert (probabilities.argmax(axis=1) == classes[192:]).mean() >= 0.95
    save_network(network, tmp_path)
    again = load_network(tmp_path)
    assert np.allclose(again.exported({"images": images[192:]}), probabilities, atol=1e-6)


def test_images_that_are_too_small_to_be_halved() -> None:
    with pytest.raises(ValueError, match=r"images: found 3 by 8 pixels; 2 convolutions take 4"):
        build_cnn((3, 8, 1), classes=2)
