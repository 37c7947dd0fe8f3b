from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from tasks.compress.config import CompressOptions
from tasks.compress.spec import CompressSpec
from tasks.compress.subject import read_subject, write_subject
from tasks.compress.worker import compress
from tasks.data.references import DatasetRef
from tasks.data.tree import tree_digest
from tasks.lessons.config import TrainOptions
from tasks.model.names import saved_weights
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tests.packages import make_dataset, make_package
from tests.train.conftest import people, tabular
from tests.train.one_process import spec_of, train_here


def trained(options: TrainOptions, dataset: DatasetRef, start: Path | None, folder: Path) -> Path:
    """The package of a training in this process."""
    from tasks.train.packing import pack

    done = train_here(options, dataset, start, folder)
    spec = spec_of(options, dataset, start, folder)
    pack(spec, folder / "package", done.lesson, done.network.trained.get_weights())
    return folder / "package"


@pytest.fixture(scope="module")
def income(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DatasetRef]:
    folder = tmp_path_factory.mktemp("income")
    dataset = make_dataset(people(400), folder / "dataset", test_rows=80)
    options = tabular(epochs=6, hidden_units=[16, 8], dropout=0.1)
    return trained(options, dataset, None, folder), dataset


def test_a_subject_is_what_its_package_is(income: tuple[Path, DatasetRef], tmp_path: Path) -> None:
    package, dataset = income
    rows = people(50)

    subject = read_subject(package, dataset)
    write_subject(subject, "fine_tune", tmp_path)
    again = read_subject(tmp_path, dataset)

    arrays = subject.features.encode(rows)
    before = load(package).row_outputs(rows)
    for network in (subject.network, again.network):
        assert np.allclose(network.exported(arrays).numpy(), before, atol=1e-6)
    assert np.allclose(load(tmp_path).row_outputs(rows), before, atol=1e-6)
    assert read_manifest(tmp_path).compression == ("fine_tune",)
    assert read_manifest(tmp_path).parent_digest == tree_digest(package)


def test_a_chain_is_its_steps_one_by_one(income: tuple[Path, DatasetRef], tmp_path: Path) -> None:
    package, dataset = income

    def compressed(steps: list[str], parent: Path, name: str) -> Path:
        (tmp_path / name).mkdir()
        options = CompressOptions.model_validate({"steps": steps, "fine_tune": {"epochs": 1}})
        compress(CompressSpec(options=options, package=parent, teacher=package, dataset=dataset, into=tmp_path / name))
        return tmp_path / name

    at_once = compressed(["fine_tune", "int8"], package, "at-once")
    in_turn = compressed(["int8"], compressed(["fine_tune"], package, "tuned"), "in-turn")

    assert read_manifest(at_once).compression == read_manifest(in_turn).compression == ("fine_tune", "int8")
    rows = people(50)
    assert np.array_equal(load(at_once).row_outputs(rows), load(in_turn).row_outputs(rows))
    assert (at_once / "model.tflite").read_bytes() == (in_turn / "model.tflite").read_bytes()
    before, after = (saved_weights(each / "saved_model")["hidden0/kernel"] for each in (package, tmp_path / "tuned"))
    assert np.abs(before - after).max() > 1e-4


def test_a_package_that_does_not_say_how_it_was_trained(tmp_path: Path) -> None:
    package = make_package("tabular_classification", tmp_path)

    with pytest.raises(RecipeError, match=r"found no training\.json; .*Train it again"):
        read_subject(package, make_dataset(pa.table({"age": [1], "label": ["a"]}), tmp_path / "data", test_rows=0))
