"""Which lengths are compiled for, and how parts are filled up to them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fit.batches import Batches, Examples, Slice
from tasks.fit.config import OptimizerOptions, SpeedOptions
from tasks.fit.layout import LONGEST_STRETCH, Layout, compiled_lengths


def test_lengths_with_few_steps_join_the_next_longer_ones_or_are_left_out() -> None:
    steps = Counter({5: 40, 12: 1000, 15: 250, 20: 200, 31: 60, 33: 10, 60: 9})

    assert compiled_lengths(steps, paying_steps=250) == {16: 16, 24: 32, 32: 32}


@given(st.dictionaries(st.integers(1, 512), st.integers(1, 500)), st.integers(1, 400))
def test_what_is_compiled_pays_and_is_not_mostly_padding(steps: dict[int, int], paying: int) -> None:
    found = compiled_lengths(Counter(steps), paying)

    assert all(short <= long <= LONGEST_STRETCH * short for short, long in found.items())
    for compiled in set(found.values()):
        covered = [length for length in steps if found.get(-(-length // 8) * 8) == compiled]
        assert sum(steps[length] for length in covered) >= paying


def test_texts_and_the_targets_of_their_tokens_are_filled_up() -> None:
    layout = Layout(1, {8: 8}, frozenset({"ids"}), frozenset({"tags"}))
    part = Slice(
        inputs={"ids": np.array([[1, 2]]), "size": np.array([[5, 5]])},
        targets={"tags": np.array([[0, 1]]), "labels": np.array([[1, 0]])},
        weights=np.ones(1, np.float32),
        total=1,
        rows=np.array([0]),
        longest=2,
    )

    filled = layout.lengthened(part)

    assert filled.inputs["ids"].tolist() == [[1, 2, 0, 0, 0, 0, 0, 0]]
    assert filled.inputs["size"].tolist() == [[5, 5]]
    assert isinstance(filled.targets, dict)
    assert filled.targets["tags"].tolist() == [[0, 1, -1, -1, -1, -1, -1, -1]]
    assert filled.targets["labels"].tolist() == [[1, 0]]
    assert Layout(1).lengthened(part) is part


@pytest.mark.parametrize("xla", ["auto", "on"])
def test_texts_learn_the_same_where_some_lengths_are_compiled(monkeypatch: pytest.MonkeyPatch, xla: str) -> None:
    from tasks.fit import layout

    assert made("auto").layout.lengths == {} or layout.has_gpu()
    monkeypatch.setitem(layout._PAYING, "auto", 3)
    monkeypatch.setattr(layout, "has_gpu", lambda: True)
    plain, compiled = trained("off"), trained(xla)

    assert plain.layout.lengths == {}
    assert compiled.layout.lengths == ({8: 8} if xla == "auto" else {8: 8, 16: 16})
    assert compiled.course.losses == pytest.approx(plain.course.losses, abs=1e-5)


def trained(xla: str) -> Any:
    """A trainer that has learned."""
    trainer = made(xla)
    trainer.fit()
    return trainer


def made(xla: str) -> Any:
    """A trainer for two epochs of texts: in 4 steps short ones, of 3 or 5 tokens, in 2 steps long ones, of 11."""
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.fit.losses import cross_entropy

    random = np.random.default_rng(0)
    tokens = [random.integers(1, 8, length).astype(np.int32) for length in [3] * 8 + [5] * 8 + [11] * 3]
    classes = np.array([ids[0] % 2 for ids in tokens], np.int32)

    def inputs(rows: Any) -> dict[str, Any]:
        longest = max(len(tokens[row]) for row in rows)
        ids = np.array([np.pad(tokens[row], (0, longest - len(tokens[row]))) for row in rows])
        return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int32)}

    lengths = np.array([len(ids) for ids in tokens], np.int32)
    batches = Batches(Examples(lambda rows: classes[rows], inputs, len(tokens), lengths), 8, seed=1)
    optimizer = OptimizerOptions(learning_rate=0.01)
    speed = SpeedOptions.model_validate({"xla": xla})
    plan = FitPlan(epochs=2, optimizer=optimizer, checkpoint_steps=99, seed=1, speed=speed)
    return Trainer(words_network(), cross_entropy(), batches, plan)


def words_network() -> Any:
    """The mean of eight words' vectors, and two classes; an encoder would take XLA much longer to compile."""
    import tensorflow as tf

    from tasks.model.encoder import text_inputs
    from tasks.model.layers import MeanPooling, TokenEmbeddings
    from tasks.model.network import Network

    inputs = text_inputs()
    embeddings = TokenEmbeddings(8, 16, 4, name="embeddings")
    states = MeanPooling()([embeddings(inputs["input_ids"]), inputs["attention_mask"]])
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(2, kernel_initializer="ones")(states))
    vectors = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)
    embeddings.set_weights([vectors, np.zeros((16, 4), np.float32)])
    return Network(model, model)
