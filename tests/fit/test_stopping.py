"""When a training ends early, and with which weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import TrainingError
from tasks.fit.checkpoints import Checkpoints
from tasks.fit.config import StoppingOptions
from tasks.fit.quality import accuracy
from tasks.fit.stopping import is_lower_better, judge
from tasks.fit.validation import Validation
from tests.fit.lines import examples, points, trainer


@pytest.mark.parametrize(
    ("metric", "values", "best", "is_over"),
    [
        ("loss", [], -1, False),
        ("loss", [3.0, 2.0, 2.5], 1, False),
        ("loss", [3.0, 2.0, 2.5, 1.95], 1, True),  # 0.05 is no gain
        ("loss", [3.0, 2.0, 2.5, 1.8], 3, False),
        ("accuracy", [0.5, 0.7, float("nan"), 0.9], 3, False),
        ("accuracy", [0.9, 0.7, 0.8], 0, True),
        ("price_rmse", [2.0, 1.0], 1, False),
    ],
)
def test_by_hand(metric: str, values: list[float], best: int, is_over: bool) -> None:
    verdict = judge(values, StoppingOptions(patience=2, metric=metric, minimum_gain=0.1))

    assert (verdict.best, verdict.is_over) == (best, is_over)


@given(st.lists(st.floats(-100, 100)), st.integers(0, 5))
def test_without_a_minimum_the_best_is_the_first_of_the_lowest(values: list[float], patience: int) -> None:
    verdict = judge(values, StoppingOptions(patience=patience))

    assert verdict.best == (values.index(min(values)) if values else -1)
    assert verdict.is_over == (patience > 0 and len(values) - 1 - verdict.best >= patience)


def test_losses_and_errors_are_to_fall_and_the_rest_to_rise() -> None:
    assert [is_lower_better(name) for name in ("loss", "rmse", "price_rmse", "accuracy", "span_f1", "glossary")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def overfitting(**plan: Any) -> Any:
    """A training measured on rows whose labels are the opposite: the better it learns, the worse it looks."""
    where, labels = points(seed=5, rows=20)
    validation = Validation(examples(where, 1 - labels), accuracy, batch_size=8)
    return trainer(validation=validation, dropout=0.0, **plan)


def test_it_is_measured_after_each_epoch() -> None:
    reports: list[Any] = []
    made = overfitting()
    made.fit(on_step=reports.append)

    measured = [report for report in reports if report.validation]
    assert [report.step for report in measured] == [7, 14, 21, 28]
    assert set(measured[0].validation) == {"loss", "accuracy"}
    assert measured[0].metrics()["val_loss"] == measured[0].validation["loss"]
    outputs = made.model({"numeric": points(seed=5, rows=20)[0]}).numpy()
    right = np.mean(outputs.argmax(axis=1) == 1 - points(seed=5, rows=20)[1])
    assert measured[-1].validation["accuracy"] == pytest.approx(right)
    assert made.summary()["val_accuracy"] == pytest.approx(right)


def test_it_ends_when_nothing_is_gained_and_the_best_weights_come_back(tmp_path: Path) -> None:
    stopping = StoppingOptions(patience=2, every_steps=2)
    kept: dict[int, list[Any]] = {}
    made = overfitting(stopping=stopping, epochs=50)

    def keep(report: Any) -> None:
        kept[report.step] = [np.array(weight) for weight in made.model.get_weights()]

    made.fit(Checkpoints(tmp_path, "me"), on_step=keep)

    losses = made.course.history("loss")
    best = 2 * (losses.index(min(losses)) + 1)
    assert made.summary()["exported_step"] == best
    assert made.summary()["steps"] == best + 4 < 50
    for weight, expected in zip(made.model.get_weights(), kept[best], strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert f"step-{best:09d}-best.safetensors" in {file.name for file in tmp_path.iterdir()}

    again = overfitting(stopping=stopping, epochs=50)  # it was killed before the model was packed
    steps: list[int] = []
    again.fit(Checkpoints(tmp_path, "me"), on_step=lambda report: steps.append(report.step))
    assert steps == []
    for weight, expected in zip(again.model.get_weights(), kept[best], strict=True):
        np.testing.assert_array_equal(weight, expected)

    next(tmp_path.glob("*-best*")).unlink()
    without = overfitting(stopping=stopping, epochs=50)
    without.fit(Checkpoints(tmp_path, "me"))
    assert without.summary()["exported_step"] == best + 4
    assert without.summary()["val_loss"] == losses[-1]


def test_a_class_that_no_row_teaches_counts_as_wrong_and_has_no_loss() -> None:
    where, labels = points(seed=5, rows=20)
    held = labels.copy()
    held[::4] = -1
    made = trainer(validation=Validation(examples(where, held), accuracy, batch_size=8))
    rest = held >= 0
    known = trainer(validation=Validation(examples(where[rest], labels[rest]), accuracy, batch_size=8))

    measured, expected = (one.exam.examiner.measure() for one in (made, known))

    assert measured["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert measured["accuracy"] == pytest.approx(expected["accuracy"] * 15 / 20)


def test_a_metric_that_the_task_lacks_is_told_before_the_first_step() -> None:
    steps: list[Any] = []

    with pytest.raises(TrainingError, match=r"train.stopping.metric: found f1; allowed: loss, accuracy"):
        overfitting(stopping=StoppingOptions(patience=1, metric="f1")).fit(on_step=steps.append)
    assert steps == []


def test_averages_are_what_is_measured_and_exported() -> None:
    made = overfitting(optimizer={"average_decay": 0.5})
    made.fit()

    (average, *_) = made.average.variables
    np.testing.assert_array_equal(made.step.weights[0].numpy(), average.numpy())
    loss = made.exam.examiner.measure()["loss"]
    assert made.summary()["val_loss"] == pytest.approx(loss)
