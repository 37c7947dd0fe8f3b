"""The sums of the benchmark of compression by hand; and slowly, its peers on a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flows.bench import compress, tfmot
from flows.bench.standing import Contestant, Standing, _single, measure
from tasks.compress.config import CompressOptions

PARENT = Standing("float32 TFLite", 100.0, 0.900, (40.0, 42.0, 44.0))
OURS = Standing("ours", 5.0, 0.896, (10.0, 14.0, 12.0))


def peer(gzip_kb: float, accuracy: float, latency: float) -> Standing:
    return Standing("peer", gzip_kb, accuracy, (latency,) * 3)


@pytest.mark.parametrize(
    ("other", "is_dominated"),
    [
        (peer(6, 0.89, 13), True),
        (peer(5, 0.896, 13), True),
        (peer(5, 0.896, 12), False),  # equal in all
        (peer(4, 0.89, 13), False),  # smaller
        (peer(6, 0.897, 13), False),  # more accurate
        (peer(6, 0.89, 11), False),  # faster
    ],
)
def test_ours_dominates_what_is_nowhere_better_and_somewhere_worse(other: Standing, is_dominated: bool) -> None:
    assert OURS.dominates(other) == is_dominated


def test_rows_tell_size_speed_and_each_peer() -> None:
    size, speed, one, other = compress._rows("m", PARENT, OURS, [peer(6, 0.89, 13), peer(8, 0.95, 20)])

    assert (size.ratio, size.bar_ahead, size.bar_limit, size.ahead, size.same_output) == (20.0, 10, 20, True, True)
    assert "+0.40 points lost" in size.case
    assert speed.ratio == pytest.approx(44 / 12, abs=1e-4)
    assert (speed.range, speed.ahead) == ((3.0, 4.0), True)
    assert (one.ratio, one.ahead, one.same_output) == (1.2, True, True)
    assert (other.ratio, other.ahead, other.same_output) == (1.6, False, False)
    assert "12 us and 89.60 % to 20 us and 95.00 %" in other.case


def test_half_a_point_is_what_may_be_lost() -> None:
    parent, small = (Standing("m", 5.0, accuracy, (10.0,)) for accuracy in (0.977, 0.972))
    assert compress._rows("m", parent, small, [])[0].same_output
    worse = Standing("ours", 5.0, 0.894, (10.0, 10.0, 10.0))
    size, speed = compress._rows("m", PARENT, worse, [])
    assert not size.same_output
    assert not speed.same_output


def test_the_chains_are_such_as_a_recipe_may_have() -> None:
    for name, chain in compress.CHAINS.items():
        options = CompressOptions.model_validate(chain)
        assert options.steps[-1] == "int8", name


def test_a_text_is_asked_without_padding() -> None:
    ids, mask = np.array([[5, 6, 0], [7, 8, 9]]), np.array([[1, 1, 0], [1, 1, 1]])
    one = _single({"input_ids": ids, "attention_mask": mask}, 0)
    assert one["input_ids"].tolist() == [[5, 6]]
    assert one["attention_mask"].tolist() == [[1, 1]]
    assert _single({"numeric": ids}, 1)["numeric"].tolist() == [[7, 8, 9]]


def dense_file(kernel: NDArray[np.float32], folder: Path) -> bytes:
    """A TFLite file of a softmax of rows by a matrix."""
    import tensorflow as tf

    from tasks.compress.tflite import to_tflite
    from tasks.model.network import save_model

    inputs = tf.keras.Input((kernel.shape[0],), name="x")
    layer = tf.keras.layers.Dense(kernel.shape[1], activation="softmax", use_bias=False)
    model = tf.keras.Model({"x": inputs}, layer(inputs))
    layer.set_weights([kernel])
    save_model(model, folder)
    return to_tflite(folder)


def test_files_are_measured_side_by_side(tmp_path: Path) -> None:
    """One gives the place of each row's one; the other the next place, which is right for one row of four."""
    rows = {"x": np.eye(4, dtype=np.float32)[[0, 1, 2, 3]]}
    truth = np.array([0, 1, 2, 0])
    right, wrong = np.eye(4, dtype=np.float32), np.roll(np.eye(4, dtype=np.float32), 1, axis=1)
    files = [dense_file(kernel, tmp_path / str(place)) for place, kernel in enumerate((right, wrong))]

    one, other = measure([Contestant("a", files[0], rows), Contestant("b", files[1], rows)], truth, rounds=3)

    assert (one.name, one.accuracy, other.name, other.accuracy) == ("a", 0.75, "b", 0.25)
    assert len(one.latency_us) == 3
    assert all(0 < seconds < 1e5 for seconds in (*one.latency_us, *other.latency_us))
    assert 0.2 < one.gzip_kb < len(files[0]) / 1e3


def weights_of(content: bytes) -> list[NDArray[np.generic]]:
    """The large constants of a file."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_content=content, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    operators = interpreter._get_ops_details()
    read = {int(place) for one in operators for place in one["inputs"]}
    written = {int(place) for one in operators for place in one["outputs"]}
    given = {one["index"] for one in interpreter.get_input_details()}
    constant = [one for one in interpreter.get_tensor_details() if one["index"] in read - written - given]
    return [interpreter.get_tensor(one["index"]) for one in constant if np.prod(one["shape"]) >= 1024]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("recipe", "promised"),
    [
        (tfmot.PRUNE, lambda weights: np.mean(weights == 0) > 0.78),
        (tfmot.CLUSTER, lambda weights: len(np.unique(weights)) <= 16),
        (tfmot.QUANTISE_AWARE, lambda weights: weights.dtype == np.int8),
    ],
)
def test_a_peer_does_what_its_recipe_says(
    recipe: str, promised: Callable[[NDArray[np.generic]], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.model.convolution import build_cnn

    random = np.random.default_rng(1)
    images = random.uniform(size=(256, 12, 12, 1)).astype(np.float32)
    classes = (images[:, :6].mean(axis=(1, 2, 3)) > images[:, 6:].mean(axis=(1, 2, 3))).astype(np.int32)
    network = build_cnn((12, 12, 1), classes=2, filters=(8, 16), units=32)
    monkeypatch.setattr(tfmot, "RECIPES", (recipe,))

    (file,) = compress.peers_of(network, {"images": images}, classes, {"images": images}, tmp_path / "peers")

    assert file.name == f"TF-MOT {recipe}"
    large = weights_of(file.content)
    assert large
    assert all(map(promised, large))
