"""Attacks on a model whose gradient one can write down: a linear one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.robustness import gradients
from tasks.evaluate.robustness.config import RobustnessOptions
from tasks.evaluate.robustness.gradients import attacks, no_gradients
from tasks.evaluate.scored import Classes, score
from tasks.evaluate.subject import Subject
from tasks.features.files import save_features
from tasks.features.tabular import fit_tabular
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import load
from tests.packages import make_dataset

WEIGHTS = np.array([[0.5, -0.5], [-2.0, 1.0]], np.float32)  # of two numbers on the logits of `no` and `yes`
SLOPE = 1.0 + 3.0  # what one step of both numbers does to the difference of the logits


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    from tasks.model.tabular import build_tabular

    folder = tmp_path_factory.mktemp("linear")
    random = np.random.default_rng(0)
    rows = pa.table(
        {
            "a": random.normal(0, 1, 60),
            "b": random.normal(5, 2, 60),
            "job": pa.array(random.choice(["cook", "clerk"], 60).tolist(), pa.string()),
            "label": pa.array([*random.choice(["no", "yes"], 58).tolist(), "never seen", "no"], pa.string()),
        }
    )
    features = fit_tabular(rows, ["a", "b"], ["job"])
    network = build_tabular(features, 2, hidden_units=[], dropout=0.0, seed=1, numeric_encoding="standard")
    *embeddings, kernel, bias = network.exported.get_weights()
    kernel[:2] = WEIGHTS
    network.exported.set_weights([*embeddings, kernel, bias])
    network.save(folder / "saved_model")
    labels = ("no", "yes")
    manifest = PackageManifest(task="tabular_classification", format="saved_model", labels=labels, dataset_digest="d")
    write_manifest(folder, manifest)
    save_features(features, folder)
    predictor = load(folder)
    dataset = make_dataset(rows, folder / "data", test_rows=60)
    scored = score(predictor, rows, lambda: rows)
    return Subject(EvaluateOptions(), folder, predictor, dataset, rows, scored, folder)


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_the_margin_of_a_linear_model_falls_by_epsilon_times_the_sum_of_its_weights(
    linear: Subject, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: dict[str, np.ndarray] = {}

    def watched(*given: object) -> np.ndarray:
        moved["numeric"] = attacked(*given)  # type: ignore[arg-type]
        return moved["numeric"]

    attacked = gradients._attacked
    monkeypatch.setattr(gradients, "_attacked", watched)
    options = RobustnessOptions.model_validate({"methods": [method], "epsilons": [0.25]})
    places = np.arange(58)
    state = np.random.get_state()[1].tolist()  # type: ignore[index]
    (found,) = attacks(linear, places, options)
    assert np.random.get_state()[1].tolist() == state  # type: ignore[index]
    assert isinstance(linear.scored, Classes)
    arrays = linear.predictor.features.encode(linear.rows.take(places))
    assert np.abs(moved["numeric"] - arrays["numeric"]) == pytest.approx(0.25, abs=1e-5)
    before, after = (linear.predictor.outputs({**arrays, **numbers}) for numbers in ({}, moved))
    codes = linear.scored.answers.codes[places]
    assert _margins(before, codes) - _margins(after, codes) == pytest.approx(0.25 * SLOPE, abs=1e-3)
    assert found.merits.tolist() == (_margins(after, codes) > 0).astype(float).tolist()
    assert found.flipped.tolist() == ((_margins(after, codes) > 0) != (_margins(before, codes) > 0)).tolist()


def test_a_row_that_can_not_be_right_is_attacked_for_what_was_told(linear: Subject) -> None:
    options = RobustnessOptions(methods=["fgsm"], epsilons=[5.0])
    (found,) = attacks(linear, np.array([58, 59]), options)
    assert found.merits[0] == 0
    assert found.flipped[0]


def test_what_gives_no_gradients(linear: Subject) -> None:
    assert no_gradients(linear) == ""


def _margins(outputs: np.ndarray, codes: np.ndarray) -> np.ndarray:
    rows = np.arange(len(codes))
    return np.asarray(np.log(outputs[rows, codes]) - np.log(outputs[rows, 1 - codes]))
