from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.compress.network_file import load_network, save_network
from tasks.model.network import Network
from tasks.model.scattering import Scattering

FIRST, SECOND = slice(1, 17), slice(17, 81)
"""Channels of the first order, by scale and angle; and of the second, by the first's angle and its own."""


def scattered(images: Any, **options: Any) -> NDArray[np.float32]:
    return np.asarray(Scattering(**options)(np.asarray(images, np.float32)), np.float32)


def waves(turn: float, frequency: float, size: int = 32) -> NDArray[np.float64]:
    """A picture (1, size, size, 1) of a wave in one direction."""
    up, aside = np.mgrid[:size, :size]
    along = aside * np.cos(turn) + up * np.sin(turn)
    return np.asarray(np.cos(frequency * along)[None, :, :, None], np.float64)


def spot(row: int, column: int, size: int = 48) -> NDArray[np.float64]:
    """A patch on black."""
    image = np.zeros((1, size, size, 1))
    image[0, row : row + 9, column : column + 6] = np.random.default_rng(1).uniform(size=(9, 6, 1))
    return image


@pytest.mark.parametrize(("scale", "angles", "channels"), [(1, 4, 5), (2, 8, 81), (3, 4, 61), (3, 8, 217)])
def test_it_has_so_many_cells_and_channels(scale: int, angles: int, channels: int) -> None:
    images = np.random.default_rng(0).uniform(size=(2, 32, 24, 3))
    cells = 32 >> scale, 24 >> scale
    found = scattered(images, scale=scale, angles=angles)
    assert found.shape == (2, *cells, 3 * channels)
    alone = scattered(images[1:, :, :, 2:], scale=scale, angles=angles)
    np.testing.assert_allclose(found[1:, :, :, 2 * channels :], alone, atol=1e-5)


def test_of_a_flat_image_only_the_average_is_left() -> None:
    found = scattered(np.full((1, 28, 28, 1), 0.7))
    np.testing.assert_allclose(found[..., 0], 0.7, rtol=1e-5)
    assert np.abs(found[..., 1:]).max() < 1e-5


def test_a_wave_is_found_at_its_scale_and_angle() -> None:
    images = [waves(np.pi * angle / 8, 3 * np.pi / 4 / 2**scale) for scale in (0, 1) for angle in range(8)]
    middles = scattered(np.concatenate(images))[:, 3:5, 3:5, FIRST].mean(axis=(1, 2))
    assert middles.argmax(axis=1).tolist() == list(range(16))
    assert ((middles.max(axis=1) > 0.4) & (middles.max(axis=1) < 0.55)).all(), "half of a cosine goes one way"


def test_the_second_order_tells_how_the_first_changes_over_the_image() -> None:
    even = waves(0.0, 3 * np.pi / 4)
    fading = even * (1 + waves(np.pi / 2, np.pi / 4))  # stripes that come and go along themselves
    told = [scattered(image)[0, 3:5, 3:5, SECOND].mean(axis=(0, 1)).reshape(8, 8) for image in (even, fading)]
    gained = told[1] - told[0]
    assert np.unravel_index(gained.argmax(), (8, 8)) == (0, 4)
    assert gained[0, 4] > 0.08 > 100 * told[0][0, 4]


def test_moved_by_a_cell_the_features_move_by_a_cell() -> None:
    here, there = scattered(spot(16, 20)), scattered(spot(20, 16))
    np.testing.assert_allclose(there[:, 1:, :-1], here[:, :-1, 1:], atol=1e-5)


def test_moved_by_a_pixel_the_features_hardly_change() -> None:
    one, other = spot(17, 20), spot(17, 21)
    features = [scattered(image) for image in (one, other)]

    def apart(pair: Any) -> float:
        return float(np.linalg.norm(pair[0] - pair[1]) / np.linalg.norm(pair[0]))

    assert apart(features) < 0.35 * apart((one, other))


def test_a_transposed_image_has_transposed_features_at_mirrored_angles() -> None:
    image = np.random.default_rng(2).uniform(size=(1, 24, 16, 1))
    mirrored = (4 - np.arange(8)) % 8
    plain, turned = scattered(image), scattered(image.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
    np.testing.assert_allclose(turned[..., 0], plain[..., 0], atol=1e-5)
    for scale in (0, 1):
        own = slice(1 + 8 * scale, 9 + 8 * scale)
        np.testing.assert_allclose(turned[..., own], plain[..., own][..., mirrored], atol=1e-5)
    second = (one[..., SECOND].reshape(6, 4, 8, 8) for one in (plain, turned))
    first, again = second
    np.testing.assert_allclose(again, first[:, :, mirrored][..., mirrored], atol=1e-5)


@settings(max_examples=10)
@given(st.integers(0, 2**31), st.floats(0.01, 3.0))
def test_no_two_images_move_apart(seed: int, contrast: float) -> None:
    random = np.random.default_rng(seed)
    pair = random.uniform(size=(2, 16, 16, 1)) * contrast
    if seed % 2:
        pair[1] = pair[0] + 0.01 * random.normal(size=pair[0].shape)
    margins = [(0, 0), (4, 4), (4, 4), (0, 0)]
    padded = np.pad(pair, margins, "reflect")
    features = scattered(pair)
    assert 4 * np.linalg.norm(features[0] - features[1]) <= np.linalg.norm(padded[0] - padded[1])  # a cell is 16 pixels


def test_each_image_is_seen_alone_and_there_is_nothing_to_learn() -> None:
    layer = Scattering()
    images = np.random.default_rng(3).uniform(size=(5, 28, 28, 1)).astype(np.float32)
    together = layer(images).numpy()
    assert layer.weights == []
    for number in range(5):
        np.testing.assert_allclose(layer(images[number : number + 1])[0], together[number], atol=1e-6)


@pytest.mark.parametrize("size", [(28, 30), (4, 28)])
def test_images_that_are_not_cut_into_cells(size: tuple[int, int]) -> None:
    with pytest.raises(
        ValueError, match=rf"images: found {size[0]} by {size[1]} pixels; allowed: multiples of 4, above 4"
    ):
        scattered(np.zeros((1, *size, 1)))


def test_a_network_with_it_is_kept_in_a_file(tmp_path: Path) -> None:
    import tensorflow as tf

    inputs = {"images": tf.keras.Input((8, 8, 1), name="images")}
    states = tf.keras.layers.Flatten()(Scattering(angles=4)(inputs["images"]))
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(3, name="logits")(states))
    save_network(Network(model, model), tmp_path)
    images = np.random.default_rng(0).uniform(size=(2, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(load_network(tmp_path).trained({"images": images}), model({"images": images}), atol=1e-6)
