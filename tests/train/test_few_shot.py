"""Classes from few rows: pairs, and a head that is fitted on what the encoder made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.lessons.config import TrainOptions
from tasks.lessons.few_shot import draw_pairs
from tasks.lessons.material import prepare
from tests.packages import identified, make_dataset
from tests.train.one_process import lose_last_checkpoint, train_here

ROWS = pa.table({"text": ["a", "a b", "c", "c d", "a b a", "d d"], "label": ["x", "x", "y", "y", "x", "y"]})


def options(**changes: Any) -> TrainOptions:
    few = {"enabled": True, "pairs": 2, **changes.pop("few_shot", {})}
    small = {"batch_size": 4, "epochs": 1, "checkpoint_steps": 1, "encoder": {"max_tokens": 8, "frozen_layers": 1}}
    return TrainOptions.model_validate({"task": "text_classification", "few_shot": few, **small, **changes})


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 4), st.booleans())
def test_every_row_has_as_many_pairs_of_its_class_and_of_others(told: list[int], count: int, others: bool) -> None:
    classes = np.array(told, np.int32)

    first, second = draw_pairs(classes, count, seed=1, with_others=others)

    alike = classes[first] == classes[second]
    assert np.bincount(first[alike], minlength=len(told)).tolist() == [count] * len(told)
    has_others = others and len(set(told)) > 1
    assert np.bincount(first[~alike], minlength=len(told)).tolist() == [count * has_others] * len(told)
    alone = np.array([told.count(one) == 1 for one in told])
    assert ((first == second) == (alone[first] & alike)).all()


def test_pairs_as_the_network_takes_them(encoder: Path) -> None:
    material = prepare(options(), identified(ROWS), encoder)

    learned = material.learned
    chosen = np.arange(len(learned))
    assert len(learned) == 6 * 2 * 2
    assert sorted(np.asarray(learned.targets(chosen)).tolist()) == [0.0] * 12 + [1.0] * 12
    assert learned.ids is not None and learned.ids[:4].tolist() == ["000000000000"] * 2 + ["000000000001"] * 2
    inputs = learned.inputs(chosen)
    network = material.lesson.build()
    cosines = network.trained(inputs).numpy()
    first, second = (
        network.exported.get_layer("encoder")({name: inputs[side + name] for name in ("input_ids", "attention_mask")})
        for side in ("", "second_")
    )
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    np.testing.assert_allclose(cosines, np.sum(first.numpy() * second.numpy(), axis=1) / lengths, atol=1e-5)


@pytest.mark.slow
def test_a_killed_training_ends_as_one_that_was_not_and_tells_the_classes(encoder: Path, tmp_path: Path) -> None:
    asked = options(few_shot={"regularization": 0.01})
    dataset = make_dataset(ROWS, tmp_path / "data", test_rows=0)
    whole = train_here(asked, dataset, encoder, tmp_path)
    lose_last_checkpoint(tmp_path)
    resumed = train_here(asked, dataset, encoder, tmp_path)

    inputs = whole.lesson.features.encode(ROWS)
    outputs = []
    for trained in (whole, resumed):
        assert trained.lesson.finish is not None
        trained.lesson.finish(trained.network)
        outputs.append(trained.network.exported(inputs).numpy())

    assert (whole.steps, resumed.steps) == ([1, 2, 3, 4, 5, 6], [6])
    np.testing.assert_array_equal(*outputs)
    assert outputs[0].argmax(axis=1).tolist() == [0, 0, 1, 1, 0, 1]


def test_the_batchs_other_classes_may_be_what_a_pair_is_told_from(encoder: Path) -> None:
    material = prepare(options(few_shot={"loss": "contrastive"}), identified(ROWS), encoder)

    chosen = np.array([0, 1])  # two pairs of x
    targets = material.learned.targets(chosen)
    outputs = material.lesson.build().trained(material.learned.inputs(chosen))

    assert np.asarray(targets).tolist() == [0, 0]
    weights = np.ones(2, np.float32)
    alike = float(material.lesson.loss(outputs, targets, weights, 2.0))
    assert alike == pytest.approx(0.0)  # of one class: nothing to tell
    other = np.array([0, 1], np.int32)
    assert float(material.lesson.loss(outputs, other, weights, 2.0)) > 0.0


def test_few_shot_is_of_classes_of_texts() -> None:
    with pytest.raises(ValueError, match=r"few_shot.enabled: found with text_retrieval; only text_classification"):
        options(task="text_retrieval")
    with pytest.raises(ValueError, match=r"few_shot.enabled: found with weight 'w'; only text_classification without"):
        options(weight="w")
