"""Retrieval with hard negatives: what the network takes, and that a killed training goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.fit.losses import ANSWER_NUMBERS, WRONG_NUMBERS
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tests.packages import identified, make_dataset
from tests.train.one_process import lose_last_checkpoint, train_here

PAIRS = pa.table({"text": ["a", "b", "c", "d", "a b", "c d"], "answer": ["b c", "d", "a", "c c", "b c", "d a"]})


def options(**retrieval: Any) -> TrainOptions:
    how = {"hard_negatives": 2, "highest_similarity": 1.0, **retrieval}
    small = {"batch_size": 2, "epochs": 2, "checkpoint_steps": 1, "encoder": {"max_tokens": 8, "frozen_layers": 1}}
    return TrainOptions.model_validate({"task": "text_retrieval", "retrieval": how, **small})


def test_wrong_answers_come_with_each_question_and_are_not_its_own(encoder: Path) -> None:
    material = prepare(options(), identified(PAIRS), encoder)

    inputs, targets = material.learned.inputs(np.array([0, 1])), material.learned.targets(np.array([0, 1]))

    assert isinstance(targets, dict)
    assert targets[ANSWER_NUMBERS].tolist() == [0, 1]
    assert not (targets[WRONG_NUMBERS] == targets[ANSWER_NUMBERS][:, None]).any()
    assert inputs["wrong_input_ids"].shape == inputs["wrong_attention_mask"].shape == (2, 2, 4)  # [CLS] b c [SEP]
    network = material.lesson.build()
    questions, answers, wrong = network.trained(inputs)
    assert (questions.shape, answers.shape, wrong.shape) == ((2, 8), (2, 8), (2, 2, 8))
    alone = {name.removeprefix("wrong_"): array[1] for name, array in inputs.items() if name.startswith("wrong_")}
    np.testing.assert_allclose(wrong[1], network.exported(alone), atol=1e-6)


def test_the_figure_of_a_validation_leaves_the_hard_ones_out(encoder: Path) -> None:
    plain, hard = (prepare(options(hard_negatives=count), identified(PAIRS), encoder).lesson for count in (0, 2))
    one = np.eye(2, 3, dtype=np.float32)
    numbers, weights = np.array([0, 1]), np.ones(2, np.float32)
    more = {ANSWER_NUMBERS: numbers, WRONG_NUMBERS: np.array([[1], [0]])}

    assert hard.quality([((one, one, one[:, None]), more, weights)]) == plain.quality([((one, one), numbers, weights)])


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_wrong_answers_of_its_epoch(encoder: Path, tmp_path: Path) -> None:
    dataset = make_dataset(PAIRS, tmp_path / "data", test_rows=0)
    asked = options(refresh="epoch")
    whole = train_here(asked, dataset, encoder, tmp_path).network.trained.get_weights()
    lose_last_checkpoint(tmp_path)

    resumed = train_here(asked, dataset, encoder, tmp_path)

    assert resumed.steps == [6]  # the last of the second epoch's three
    for one, other in zip(resumed.network.trained.get_weights(), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_wrong_answers_follow_the_encoder(encoder: Path) -> None:
    material = prepare(options(refresh="epoch"), identified(PAIRS), encoder)
    network, renewal = material.lesson.build(), material.learned.renewal
    assert renewal is not None
    before = renewal.variable.numpy()
    words = network.trained.get_layer("encoder").get_layer("embeddings").words
    words.assign(-words)

    renewal.renew(network.trained)

    assert (renewal.variable.numpy() != before).any()
    assert prepare(options(refresh="once"), identified(PAIRS), encoder).learned.renewal is None
