from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from tasks.compress.folding import fold_tables
from tasks.compress.layers import OWN_LAYERS
from tasks.compress.network_file import load_network, save_network
from tasks.compress.subject import Subject
from tasks.compress.surgery import rebuilt
from tasks.compress.tflite import to_tflite
from tasks.lessons.config import TrainOptions
from tests.compress.contents import operators
from tests.compress.subjects import outputs, rating_subject, subject_of

CHOICES = {"colour": "abcdefg", "size": "xyz", "shape": "uvw"}


def subject(numeric: list[str]) -> Subject:
    random = np.random.default_rng(2)
    rows = {name: random.choice(list(values), 80).tolist() for name, values in CHOICES.items()}
    ages, labels = random.integers(0, 9, 80).astype(float), random.choice(["no", "yes"], 80).tolist()
    options = TrainOptions(
        task="tabular_classification", numeric=numeric, categorical=list(CHOICES), hidden_units=[4, 3]
    )
    return subject_of(options, pa.table({**rows, "age": ages, "label": labels}), None)


@pytest.mark.parametrize("numeric", [["age"], []])
def test_a_folded_model_gives_what_it_gave(numeric: list[str], tmp_path: Path) -> None:
    before = subject(numeric)
    after = fold_tables(before)
    assert outputs(after, after.network) == pytest.approx(outputs(before, before.network), abs=1e-6)
    save_network(after.network, tmp_path)
    read = load_network(tmp_path, OWN_LAYERS)
    assert outputs(after, read) == pytest.approx(outputs(before, before.network), abs=1e-6)


def test_a_model_read_from_a_file_is_folded(tmp_path: Path) -> None:
    before = subject(["age"])
    save_network(rebuilt(before.network), tmp_path)  # what is trained and what is exported are two graphs then
    after = fold_tables(before.changed(load_network(tmp_path, OWN_LAYERS)))
    assert any("hidden0_tables" in weight.name for weight in after.network.exported.weights)
    assert outputs(after, after.network) == pytest.approx(outputs(before, before.network), abs=1e-6)


def test_all_categories_are_looked_up_at_once(tmp_path: Path) -> None:
    before = subject(["age"])
    files = []
    for name, network in (("before", before.network), ("after", fold_tables(before).network)):
        network.save(tmp_path / name)
        files.append(operators(to_tflite(tmp_path / name)))
    assert files[0]["GATHER"] == len(CHOICES)
    assert files[1]["GATHER"] == 1
    assert files[1].total() < files[0].total()


def test_the_order_of_tables_is_that_of_their_columns() -> None:
    after = fold_tables(subject([]))
    tables = {weight.name: weight.numpy() for weight in after.network.exported.weights}
    (folded,) = (values for name, values in tables.items() if "hidden0_tables" in name)
    assert folded.shape == (8 + 4 + 4, 4)  # each column's values and one for what is unknown


def test_a_model_without_tables_before_a_dense_layer_is_refused() -> None:
    with pytest.raises(RecipeError, match="fold_tables: found a model of rating_prediction without tables"):
        fold_tables(rating_subject())
