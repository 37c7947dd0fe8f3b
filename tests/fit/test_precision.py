"""16 bits, where they are of use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import MachineError
from tasks.fit.checkpoints import Checkpoints
from tests.fit.lines import trainer


def matrices() -> Callable[[], Any]:
    import tensorflow as tf

    left, right = tf.ones((64, 64)), tf.ones((64, 64))
    product = tf.function(tf.matmul)
    return lambda: product(left, right)


def test_float16_needs_a_gpu() -> None:
    import tensorflow as tf

    from tasks.fit.precision import check_precision

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has one")
    with pytest.raises(MachineError, match=r"train.speed.precision: found float16, on a machine without a GPU"):
        check_precision("float16", matrices)


@pytest.mark.parametrize(
    ("has_it", "gain", "words"),
    [
        (False, 2.0, "found bfloat16, on a processor with none of avx512_bf16, amx_bf16"),
        (True, 0.97, "found bfloat16, 0.97 times as fast as float32 on this machine; allowed: float32"),
    ],
)
def test_bfloat16_needs_to_be_faster(monkeypatch: pytest.MonkeyPatch, has_it: bool, gain: float, words: str) -> None:
    from tasks.fit import precision

    monkeypatch.setattr(precision, "has_bfloat16", lambda: has_it)
    monkeypatch.setattr(precision, "measure_gain", lambda *_: gain)

    with pytest.raises(MachineError, match=words):
        precision.check_precision("bfloat16", matrices)


def test_what_is_faster_is_allowed_and_float32_always(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.fit import precision

    monkeypatch.setattr(precision, "has_bfloat16", lambda: True)
    monkeypatch.setattr(precision, "measure_gain", lambda *_: 1.2)

    precision.check_precision("bfloat16", matrices)
    precision.check_precision("float32", matrices)


def test_the_gain_is_measured_and_the_rewriting_ends_with_it() -> None:
    import tensorflow as tf

    from tasks.fit.precision import measure_gain, precision

    assert 0.0 < measure_gain("bfloat16", matrices) < 100.0
    name = "auto_mixed_precision_onednn_bfloat16"
    with precision("bfloat16"):
        assert tf.config.optimizer.get_experimental_options()[name] is True
    assert not tf.config.optimizer.get_experimental_options().get(name)


def test_a_training_that_goes_on_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.fit import loop

    asked: list[str] = []
    monkeypatch.setattr(loop, "check_precision", lambda wanted, _: asked.append(wanted))
    for _ in range(2):
        trainer(epochs=1).fit(Checkpoints(tmp_path, "me"))

    assert asked == ["float32"]
