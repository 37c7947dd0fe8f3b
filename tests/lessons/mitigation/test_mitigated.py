"""Lessons that treat groups alike: what they learn from, what they end in, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from infra.errors import DataError, RecipeError
from tasks.data.version import read_rows
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import Material, prepare, read_train_rows
from tasks.lessons.mitigation.refusals import check_builder
from tests.packages import identified, make_dataset
from tests.train.conftest import tabular
from tests.train.one_process import spec_of


def applicants(rows: int = 96) -> pa.Table:
    """Women are hired from 50 points on, men from 30."""
    points = np.random.default_rng(1).integers(10, 70, rows)
    men = np.arange(rows) % 2 == 1
    hired = points >= np.where(men, 30, 50)
    sexes = np.where(men, "m", "f").tolist()
    return pa.table(
        {"age": points, "job": ["cook"] * rows, "sex": sexes, "label": np.where(hired, "yes", "no").tolist()}
    )


def options(method: str, **more: Any) -> TrainOptions:
    mitigation = {"method": method, "protected": ["sex"], **more.pop("mitigation", {})}
    return tabular(mitigation=mitigation, **more)


def material(method: str, **more: Any) -> Material:
    return prepare(options(method, **more), identified(applicants()), None)


def test_the_protected_column_is_read_and_is_no_input() -> None:
    found = material("reweighing")

    assert "sex" in options("reweighing").learned_columns
    assert "sex" not in options("none").learned_columns
    assert set(found.lesson.features.columns) == {"age", "job"}
    assert found.learned.weights is not None and found.learned.weights.mean() == pytest.approx(1.0)
    assert found.lesson.rival is None and found.lesson.finish is None


def test_sampled_epochs_are_as_long_as_others_and_have_all_cells_alike() -> None:
    from tasks.fit.batches import Batches

    found = material("balanced_sampling")
    rows = applicants()
    batches = Batches(found.learned, 8, seed=3)
    drawn = [np.concatenate([batches.rows(step) for step in range(epoch * 12, epoch * 12 + 12)]) for epoch in range(60)]

    assert batches.steps_per_epoch == 12 and {len(epoch) for epoch in drawn} == {96}
    again = Batches(found.learned, 8, seed=3)
    np.testing.assert_array_equal(again.rows(59 * 12 + 5), drawn[59][40:48])  # whatever was asked before
    cells = [f"{sex} {label}" for sex, label in zip(rows["sex"].to_pylist(), rows["label"].to_pylist(), strict=True)]
    names, counts = np.unique(np.array(cells)[np.concatenate(drawn)], return_counts=True)
    assert len(names) == 4
    np.testing.assert_allclose(counts / counts.sum(), 0.25, atol=0.02)


def test_a_threshold_for_each_group_is_in_the_exported_graph(tmp_path: Path) -> None:
    """By points alone men would be hired more often; with thresholds the shares are alike, whoever asks the model."""
    import tensorflow as tf

    from tasks.compress.config import CompressOptions
    from tasks.compress.spec import CompressSpec
    from tasks.compress.worker import compress
    from tasks.runtime.predictor import load
    from tasks.train.packing import pack

    dataset = make_dataset(applicants(), tmp_path / "dataset", test_rows=0)
    asked = options("threshold", mitigation={"constraint": "demographic_parity", "slack": 0.05})
    made = prepare(asked, read_train_rows(asked, dataset), None)
    network = made.lesson.build()
    kernel = np.random.default_rng(5).normal(0, 1, network.trained.get_layer("logits").get_weights()[0].shape)
    network.trained.get_layer("logits").set_weights([kernel, np.zeros(2)])
    pack(spec_of(asked, dataset, None, tmp_path), tmp_path / "package", made.lesson, network.trained.get_weights())

    rows = read_rows(dataset, "train")
    predictor = load(tmp_path / "package")
    told = predictor.predict(rows)["label"].to_pylist()
    men = np.array(rows["sex"].to_pylist()) == "m"
    hired = np.array(told) == "yes"
    assert list(predictor.features.columns) == ["age", "job", "sex"]
    assert abs(hired[men].mean() - hired[~men].mean()) <= 0.05

    columns = tf.saved_model.load(str(tmp_path / "package" / "saved_model")).signatures["columns"]
    texts = {name: tf.constant(rows[name].to_pylist()) for name in ("job", "sex")}
    ages = tf.constant(rows["age"].to_numpy().astype(np.float64))
    served = columns(age=ages, **texts)["output"].numpy()
    np.testing.assert_allclose(served, predictor.row_outputs(rows), atol=1e-5)

    strange = rows.set_column(rows.column_names.index("sex"), "sex", pa.array(["?"] * rows.num_rows))
    inputs = {name: array for name, array in predictor.features.encode(rows).items() if name != "groups"}
    plain = network.exported(inputs)
    np.testing.assert_allclose(predictor.row_outputs(strange), plain.numpy(), atol=1e-5)

    (tmp_path / "small").mkdir()
    small = CompressOptions(steps=["int8"])
    compress(
        CompressSpec(
            options=small,
            package=tmp_path / "package",
            teacher=tmp_path / "package",
            dataset=dataset,
            into=tmp_path / "small",
        )
    )
    assert load(tmp_path / "small").predict(rows)["label"].to_pylist() == told
    with pytest.raises(RecipeError, match=r"compress.steps: found a step that changes the network after train.mit"):
        check_builder(asked)


@pytest.mark.slow
def test_a_reduction_ends_in_one_network_that_gives_the_mean_of_several() -> None:
    found = material("exponentiated_gradient", mitigation={"rounds": 2, "slack": 0.1}, batch_size=32)
    network = found.lesson.build()

    assert found.lesson.finish is not None
    mixed = found.lesson.finish(network)

    inputs = found.learned.inputs(np.arange(96))
    told = mixed.exported(inputs).numpy()
    np.testing.assert_allclose(told.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.exp(mixed.trained(inputs).numpy()), told, atol=1e-5)
    members = [layer for layer in mixed.exported.layers if layer.name.startswith("member")]
    shares = mixed.exported.get_layer("output").shares
    assert len(members) == len(shares) and sum(shares) == pytest.approx(1.0)
    apart = [member([inputs[tensor.name] for tensor in member.inputs]).numpy() for member in members]
    np.testing.assert_allclose(told, sum(share * one for share, one in zip(shares, apart, strict=True)), atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"mitigation": {"method": "reweighing"}}, "mitigation.protected: found none with mitigation reweighing; name"),
        ({"task": "rating_prediction"}, "task: found rating_prediction with mitigation reweighing; groups are told"),
        (
            {"privacy": {"noise_multiplier": 1, "preprocessing": "public"}, "workers": 1},
            "found reweighing with privacy",
        ),
        (
            {"task": "text_classification", "few_shot": {"enabled": True}},
            "few_shot.enabled: found True with mitigation",
        ),
        ({"mitigation": {"method": "adversarial"}, "strategy": "parameter_server"}, "strategy: found parameter_server"),
        (
            {"mitigation": {"method": "adversarial"}, "speed": {"precision": "bfloat16"}},
            "speed.precision: found bfloat",
        ),
        ({"mitigation": {"method": "exponentiated_gradient"}, "workers": 2}, "workers: found 2 with mitigation exp"),
        ({"mitigation": {"method": "exponentiated_gradient"}, "weight": "age"}, "weight: found 'age' with mitigation"),
        (
            {"mitigation": {"method": "threshold", "protected": ["job"]}},
            "mitigation.protected: found job, a feature wi",
        ),
        (
            {"mitigation": {"method": "threshold"}, "task": "text_classification"},
            "task: found text_classification with",
        ),
        (
            {"mitigation": {"protected": ["sex", "sex"]}},
            r"mitigation.protected: found \['sex', 'sex'\] with mitigation",
        ),
        ({"mitigation": {"protected": ["label"]}}, "mitigation.protected: found label with mitigation reweighing"),
    ],
)
def test_what_does_not_go_together(asked: dict[str, Any], words: str) -> None:
    named = {"method": "reweighing", **asked.pop("mitigation", {"protected": ["sex"]})}
    if named["method"] != "reweighing":
        named = {"protected": ["sex"], **named}

    with pytest.raises(ValidationError, match=words):
        tabular(mitigation=named, **asked)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    dataset = make_dataset(applicants().drop_columns(["sex"]), tmp_path / "dataset", test_rows=0)

    with pytest.raises(DataError, match=r"found no sex; allowed: .*age, job, label.* train.mitigation.protected"):
        read_train_rows(options("reweighing"), dataset)


def test_methods_for_two_labels() -> None:
    rows = applicants()
    three = rows.set_column(3, "label", pa.array(["yes", "yes", "no", "no", "later", "later"] * 16))
    asked = {"mitigation": {"favourable": "yes"}}

    assert prepare(options("reweighing", **asked), identified(three), None).learned.weights is not None
    for method in ("threshold", "exponentiated_gradient"):
        with pytest.raises(DataError, match=f"train.mitigation.method {method}: found 3 labels; allowed: two labels"):
            prepare(options(method, mitigation={"favourable": "yes"}), identified(three), None)
