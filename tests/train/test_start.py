"""Going on from a model that was trained before, and adapters in a package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import NotFoundError, RecipeError, SourceError
from tasks.data.tree import tree_digest
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tasks.lessons.start import check_package, encoder_sizes, start_digest
from tasks.model.published import open_published
from tasks.options import Task
from tasks.runtime.package import MANIFEST, read_manifest
from tasks.runtime.predictor import load
from tasks.train.packing import pack
from tests.packages import identified, make_dataset
from tests.train.conftest import people, tabular
from tests.train.one_process import spec_of

TEXTS = ["a", "b", "c", "d", "a a", "b b", "c c", "d d"]
LABELS = ["x", "x", "y", "y"] * 2


def textual(task: Task = "text_classification", **options: Any) -> TrainOptions:
    return TrainOptions.model_validate({"task": task, "encoder": {"max_tokens": 8}, **options})


def packed(options: TrainOptions, rows: pa.Table, start: Path | None, folder: Path) -> Any:
    """The network of a lesson, moved as if it had learned, and its package in `folder / "package"`."""
    dataset = make_dataset(rows, folder / "data", test_rows=0)
    spec = spec_of(options, dataset, start, folder)
    lesson = prepare(options, identified(rows), start).lesson
    network, random = lesson.build(), np.random.default_rng(1)
    for variable in network.trained.trainable_variables:
        variable.assign_add(random.normal(0, 0.3, variable.shape))
    pack(spec, folder / "package", lesson, network.trained.get_weights())
    return network


def rows_of(labels: list[str]) -> pa.Table:
    return pa.table({"text": TEXTS, "label": labels})


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of a text classifier."""
    folder = tmp_path_factory.mktemp("trained")
    packed(textual(), rows_of(LABELS), encoder, folder)
    return folder / "package"


def test_a_training_goes_on_where_the_package_stands(trained: Path, tmp_path: Path) -> None:
    rows = rows_of(LABELS)
    lesson = prepare(textual(), identified(rows), trained).lesson

    outputs = lesson.build().exported(lesson.features.encode(rows))

    np.testing.assert_allclose(outputs, load(trained).row_outputs(rows), atol=1e-5)
    spec = spec_of(textual(), make_dataset(rows, tmp_path / "data", test_rows=0), trained, tmp_path)
    assert spec.started_from == tree_digest(trained)


def test_with_other_labels_the_encoder_is_kept_and_the_head_is_new(
    trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    same = prepare(textual(), identified(rows_of(LABELS)), trained).lesson.build()

    other = prepare(textual(), identified(rows_of(["x", "y", "z", "z"] * 2)), trained).lesson.build()

    assert "the head is new: its labels are not those of the model started from, x, y" in caplog.text
    assert not other.exported.get_layer("logits").get_weights()[0].any()
    assert encoder_weights(other) == encoder_weights(same)


def test_each_head_is_carried_that_tells_the_same(encoder: Path, tmp_path: Path) -> None:
    heads = [{"column": "rating", "kind": "regression"}, {"column": "label", "kind": "classification"}]
    options = textual("text_heads", heads=heads)
    first = packed(options, rows_of(LABELS).append_column("rating", pa.array([1.0, 3.0] * 4)), encoder, tmp_path)

    turned = textual("text_heads", heads=heads[::-1])
    later = rows_of(["x", "y", "z", "z"] * 2).append_column("rating", pa.array([5.0, 9.0] * 4))
    lesson = prepare(turned, identified(later), tmp_path / "package").lesson
    network = lesson.build()

    def kernel(of: Any, head: int) -> Any:
        return of.exported.get_layer(f"head{head}_logits").get_weights()[0]

    assert not kernel(network, 0).any()  # another class came
    np.testing.assert_array_equal(kernel(network, 1), kernel(first, 0))
    assert (lesson.heads[1].mean, lesson.heads[1].deviation) == (2.0, 1.0)  # in whose unit the weights are


def encoder_weights(network: Any) -> list[list[Any]]:
    return [weight.tolist() for weight in network.exported.get_layer("encoder").get_weights()]


def test_a_retriever_may_begin_with_the_encoder_of_a_classifier(trained: Path) -> None:
    pairs = identified(pa.table({"text": ["a", "b"], "answer": ["c", "d"]}))

    network = prepare(textual("text_retrieval"), pairs, trained).lesson.build()

    classifier = prepare(textual(), identified(rows_of(LABELS)), trained).lesson.build()
    assert encoder_weights(network) == encoder_weights(classifier)


def test_a_package_has_its_adapters_merged_and_beside_the_model(encoder: Path, trained: Path, tmp_path: Path) -> None:
    from tasks.model.lora import ADAPTER, load_adapter
    from tasks.model.names import saved_weights

    options, rows = textual(encoder={"max_tokens": 8, "lora": {"rank": 2}}), rows_of(LABELS)

    network = packed(options, rows, encoder, tmp_path)

    package = tmp_path / "package"
    assert set(saved_weights(package / "saved_model")) == set(saved_weights(trained / "saved_model"))
    lesson = prepare(options, identified(rows), encoder).lesson
    inputs, expected = lesson.features.encode(rows), load(package).row_outputs(rows)
    np.testing.assert_allclose(network.exported(inputs), expected, atol=1e-5)
    again = lesson.build()
    load_adapter(again.exported, package / ADAPTER, open_published(encoder).digest())
    np.testing.assert_allclose(again.exported(inputs), expected, atol=1e-5)
    assert read_manifest(package).started_from == open_published(encoder).digest()


def test_a_table_goes_on_with_the_features_of_the_package(tmp_path: Path) -> None:
    packed(tabular(), people(), None, tmp_path)
    package, older = tmp_path / "package", people().set_column(0, "age", pa.array(np.arange(64) + 100))

    lesson = prepare(tabular(), identified(older), package).lesson

    outputs = lesson.build().exported(lesson.features.encode(people()))
    np.testing.assert_allclose(outputs, load(package).row_outputs(people()), atol=1e-5)
    with pytest.raises(RecipeError, match=r"train.hidden_units, .*: found hidden0/kernel of shape .*Set it as it was"):
        prepare(tabular(hidden_units=[8]), identified(older), package).lesson.build()
    with pytest.raises(RecipeError, match=r"train.start_from: found .*reads age.*job.*; allowed: a model that reads"):
        prepare(tabular(categorical=[]), identified(older), package)


def test_ratings_keep_what_was_learned_of_whom_is_known(tmp_path: Path) -> None:
    rated = pa.table({"user": ["u", "v", "w"], "item": ["i", "j", "i"], "rating": [1.0, 5.0, 3.0]})
    options = TrainOptions(task="rating_prediction", embedding_size=2)
    packed(options, rated, None, tmp_path)
    more = identified(pa.table({"user": ["a", "w", "u"], "item": ["j", "j", "z"], "rating": [2.0, 2.0, 4.0]}))

    lesson = prepare(options, more, tmp_path / "package").lesson

    asked = pa.table({"user": ["w", "u"], "item": ["j", "j"]})
    outputs = lesson.build().trained(lesson.features.encode(asked)).numpy()
    np.testing.assert_allclose(outputs.clip(1, 5), load(tmp_path / "package").row_outputs(asked), atol=1e-6)
    with pytest.raises(RecipeError, match=r"found train.embedding_size 3; allowed: 2, as in"):
        prepare(options.model_copy(update={"embedding_size": 3}), more, tmp_path / "package").lesson.build()


def test_what_can_not_be_gone_on_from(package: Callable[[Task], Path], trained: Path, tmp_path: Path) -> None:
    compressed = tmp_path / "compressed"
    compressed.mkdir()
    manifest = read_manifest(trained).model_copy(update={"format": "tflite"})
    (compressed / MANIFEST).write_text(manifest.model_dump_json())

    with pytest.raises(RecipeError, match=r"train.start_from: found models:/m/4, whose weights .*tflite .*models:/m/3"):
        check_package("text_classification", compressed, "models:/m/4", "models:/m/3")
    pruned = read_manifest(trained).model_copy(update={"compression": ("prune_neurons",)})
    (compressed / MANIFEST).write_text(pruned.model_dump_json())
    with pytest.raises(RecipeError, match=r"no longer what a recipe builds, after prune_neurons; allowed: models:/m/3"):
        check_package("text_classification", compressed, "models:/m/4", "models:/m/3")
    with pytest.raises(
        RecipeError, match=r"a model of task rating_prediction; allowed: a model for train.task text_cla"
    ):
        check_package("text_classification", package("rating_prediction"), "here")
    with pytest.raises(NotFoundError, match=r"model package: found no .*nowhere"):
        check_package("text_classification", tmp_path / "nowhere", "here")
    with pytest.raises(SourceError, match=r"encoder.json that can't be loaded"):
        check_package("text_classification", package("text_retrieval"), "here")
    check_package("text_retrieval", trained, "here")


def test_options_that_do_not_fit_the_encoder(encoder: Path, trained: Path) -> None:
    with pytest.raises(RecipeError, match=r"train.encoder.max_tokens: found 17; allowed: up to 16, the positions"):
        encoder_sizes(textual(encoder={"max_tokens": 17}), encoder)
    with pytest.raises(RecipeError, match=r"train.encoder.pooling: found cls; allowed: mean, as in the model"):
        encoder_sizes(textual(encoder={"max_tokens": 8, "pooling": "cls"}), trained)
    with pytest.raises(ValueError, match=r"start_from, encoder.weights: found both"):
        textual(start_from="models:/m/1", encoder={"weights": "folder"})


def test_what_a_training_begins_from_is_part_of_its_identity(encoder: Path, trained: Path, tmp_path: Path) -> None:
    dataset = make_dataset(rows_of(LABELS), tmp_path / "data", test_rows=0)

    starts = (None, encoder, trained)

    assert len({spec_of(textual(), dataset, start, tmp_path).identity for start in starts}) == 3
    assert start_digest(encoder) == open_published(encoder).digest()
