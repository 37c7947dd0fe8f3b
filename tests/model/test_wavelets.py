from __future__ import annotations

import numpy as np
import pytest

from tasks.model.wavelets import FREQUENCY, WIDTH, cell_means, morlet_bank


def test_a_wavelet_is_a_wave_below_a_gaussian_of_mean_zero() -> None:
    size, angles = 64, 8
    for number, transform in enumerate(morlet_bank(size, size, scale=1, angles=angles)):
        turn = np.pi * number / angles
        places = np.fft.fftfreq(size, 1 / size)  # 0, 1, ... 31, -32, ... -1
        along = places * np.cos(turn) + places[:, None] * np.sin(turn)
        across = places[:, None] * np.cos(turn) - places * np.sin(turn)
        envelope = np.exp(-0.5 * (along**2 + (across / 2) ** 2) / (2 * WIDTH) ** 2)
        envelope *= 1 / (2 * np.pi * (2 * WIDTH) ** 2 * 2)  # whose sum is 1
        wave = envelope * np.exp(1j * FREQUENCY / 2 * along)
        expected = wave - envelope * wave.sum() / envelope.sum()

        np.testing.assert_allclose(np.fft.ifft2(transform), expected, atol=1e-6)
        assert transform[0, 0] == 0


@pytest.mark.parametrize("size", [(36, 36), (32, 48)])
def test_no_image_gains_energy_by_average_and_wavelets_of_two_scales(size: tuple[int, int]) -> None:
    """Littlewood and Paley's condition for real images (Bruna and Mallat 2013, equation 5)."""
    kept = sum((bank**2 + _turned(bank) ** 2).sum(axis=0) / 2 for bank in (morlet_bank(*size, j, 8) for j in (0, 1)))
    up, aside = (2 * np.pi * np.fft.fftfreq(each) for each in size)
    average = np.exp(-0.5 * (2 * WIDTH) ** 2 * (up[:, None] ** 2 + aside**2))
    assert (average**2 + kept).max() <= 1 + 1e-6
    assert (average**2 + kept).min() > 0.1, "and no frequency is lost but for the corners"


def test_a_coarser_grid_has_the_finer_scale() -> None:
    coarse = morlet_bank(18, 18, 0, 8)
    blocks = morlet_bank(36, 36, 1, 8).reshape(8, 2, 18, 2, 18)
    np.testing.assert_allclose(blocks.sum(axis=(1, 3)), coarse, atol=8e-3)  # the mean is 0 on either


def test_cells_are_averaged_around_their_middles() -> None:
    weights = cell_means(cells=3, scale=2, step=1, margin=4)
    assert weights.shape == (3, 20)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(weights @ np.arange(20), [5.5, 9.5, 13.5], atol=0.01)
    np.testing.assert_allclose(weights[0], weights[2, ::-1], rtol=1e-5)


def _turned(bank: np.ndarray) -> np.ndarray:
    """At the opposite frequencies."""
    return np.roll(bank[:, ::-1, ::-1], (1, 1), (1, 2))
