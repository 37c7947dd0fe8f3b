"""The scattering transform: a convolution network whose filters are wavelets, so that it need not learn any."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from tasks.model.wavelets import cell_means, morlet_bank


class Scattering(tf.keras.layers.Layer):  # type: ignore[misc]
    """Images (b, height, width, c) to features (b, height / 2^scale, width / 2^scale, c * channels) of two orders.

    Waves are looked for at each scale and angle, and what is found, whatever its phase, is averaged over a cell; then
    the same in what was found, at the coarser scales (Bruna and Mallat 2013). Of each image's channel these come one
    after another: its average; the first order by scale and angle; the second by the first's scale, the second's
    scale, the first's angle and the second's. With scale 2 and 8 angles that is 1 + 16 + 64 = 81 (Oyallon and Mallat
    2015), and no two images move apart. It has no weights and sees each image alone, so in private training it is free.

    Args:
        scale: a cell is 2^scale pixels wide and high, and there are so many scales.
        angles: directions of waves.

    Raises:
        ValueError: height or width is no multiple of a cell, or not above one.
    """

    def __init__(self, scale: int = 2, angles: int = 8, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.angles = scale, angles

    def build(self, input_shape: Any) -> None:
        """Make the filters, each for its grid: those of scale j on a grid of every 2^r-th pixel are those of j - r."""
        height, width = (int(size) for size in input_shape[1:3])
        side = self.side = 2**self.scale
        if any(size % side or size <= side for size in (height, width)):
            raise ValueError(f"images: found {height} by {width} pixels; allowed: multiples of {side}, above {side}")
        self.cells = height // side, width // side
        padded = height + 2 * side, width + 2 * side
        self.banks = {
            (scale, halvings): morlet_bank(padded[0] >> halvings, padded[1] >> halvings, scale - halvings, self.angles)
            for scale in range(self.scale)
            for halvings in range(max(scale, 1))
        }

    def call(self, images: Any) -> Any:
        """Images' margins are mirrored, for a wavelet reaches over the edge."""
        margins = [[0, 0], [self.side] * 2, [self.side] * 2, [0, 0]]
        planes = tf.transpose(tf.pad(images, margins, "REFLECT"), (0, 3, 1, 2))  # (b, c, height, width)
        spectrum = _transformed(planes)
        first, second = list[Any](), list[Any]()
        for scale in range(self.scale):
            strengths = self._moduli(spectrum, scale, 0)
            first.append(self._averaged(strengths, scale))
            second.extend(self._second(_transformed(strengths), scale))
        found = [self._merged(each) for each in (self._averaged(planes, 0), *first, *second)]
        features = tf.transpose(tf.concat(found, 2), (0, 3, 4, 1, 2))
        return tf.reshape(features, (-1, *self.cells, features.shape[3] * features.shape[4]))

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "scale": self.scale, "angles": self.angles}

    def _second(self, spectrum: Any, scale: int) -> list[Any]:
        coarser = range(scale + 1, self.scale)
        return [self._averaged(self._moduli(spectrum, each, scale), each) for each in coarser]

    def _moduli(self, spectrum: Any, scale: int, halvings: int) -> Any:
        """How strong waves of one scale are (..., angles, height, width), on the grid of every 2^scale-th pixel.

        Args:
            spectrum: transform (..., height, width) of planes on the grid of every 2^halvings-th pixel.
        """
        found = _subsampled(spectrum, self.banks[scale, halvings], 2 ** (scale - halvings))
        return tf.abs(tf.signal.ifft2d(found))

    def _averaged(self, planes: Any, halvings: int) -> Any:
        """(..., height, width) to one number a cell."""
        step = 2**halvings
        rows, columns = (tf.constant(cell_means(cells, self.scale, step, self.side)) for cells in self.cells)
        return tf.matmul(rows, tf.matmul(planes, columns, transpose_b=True))

    def _merged(self, averages: Any) -> Any:
        """(b, c, angles, ..., height, width) to (b, c, all angles, height, width); there may be no axis of angles."""
        *angles, height, width = averages.shape[2:]
        return tf.reshape(averages, (-1, averages.shape[1], math.prod(angles), height, width))


def _transformed(planes: Any) -> Any:
    return tf.signal.fft2d(tf.cast(planes, tf.complex64))


def _subsampled(spectrum: Any, bank: Any, step: int) -> Any:
    """The transforms of what each filter finds, at every so manieth pixel.

    Frequencies that can't be told apart there are averaged; block by block, which took 0.4 of the time of all at once.
    """
    height, width = (size // step for size in spectrum.shape[-2:])
    blocks = [
        (slice(up * height, (up + 1) * height), slice(aside * width, (aside + 1) * width))
        for up in range(step)
        for aside in range(step)
    ]
    parts = [
        tf.expand_dims(spectrum[..., rows, columns], -3) * tf.constant(bank[:, rows, columns] / step**2, spectrum.dtype)
        for rows, columns in blocks
    ]
    return tf.add_n(parts)
