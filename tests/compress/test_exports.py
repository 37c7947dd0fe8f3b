from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import DataError, NotFoundError, RecipeError, TrainingError
from tasks.compress.exports.compare import check
from tasks.compress.exports.config import ExportOptions, Format
from tasks.compress.exports.launcher import export as launch
from tasks.compress.exports.spec import ExportSpec
from tasks.compress.exports.worker import export
from tasks.data.references import DatasetRef
from tasks.data.tree import tree_digest
from tasks.model.network import Network
from tasks.options import Task
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tests.compress.test_subject import trained
from tests.packages import inputs, make_dataset
from tests.train.conftest import people, tabular

Package = Callable[[Task], Path]
FILES = {"saved_model": "saved_model", "tflite": "model.tflite", "onnx": "model.onnx"}
has_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to run the project's code")


def spec_of(
    package: Path, into: Path, format_: Format, dataset: DatasetRef | None = None, **options: Any
) -> ExportSpec:
    into.mkdir(parents=True)
    asked = ExportOptions(format=format_, **options)
    rows = [] if dataset else inputs(read_manifest(package).task, 5).to_pylist()
    return ExportSpec(options=asked, package=package, into=into, dataset=dataset, rows=rows)


@pytest.mark.parametrize("format_", ["saved_model", "tflite", "onnx"])
@pytest.mark.parametrize("task", ["text_heads", "text_retrieval", "tabular_classification"])
def test_an_export_is_a_package_that_predicts_the_same(
    package: Package, tmp_path: Path, task: Task, format_: Format
) -> None:
    if format_ == "onnx":
        pytest.importorskip("tf2onnx")
    dataset = make_dataset(inputs(task), tmp_path / "data", test_rows=10)
    figures = export(spec_of(package(task), tmp_path / "export", format_, dataset, rows=20))

    manifest = read_manifest(tmp_path / "export")
    assert (manifest.format, manifest.task) == (format_, task)
    assert manifest.heads == read_manifest(package(task)).heads
    assert manifest.parent_digest == tree_digest(package(task))
    assert figures["rows"] == 20
    assert figures["difference_max"] <= figures["tolerance"] == 1e-4
    before, after = load(package(task)).predict(inputs(task)), load(tmp_path / "export").predict(inputs(task))
    assert after.schema == before.schema
    for name in before.column_names:
        values = before[name].to_pylist()
        assert after[name].to_pylist() == (values if isinstance(values[0], str) else pytest.approx(values, abs=1e-4))
    expected = {FILES[format_], "manifest.json", "features.json"}
    expected |= {"tokenizer.json"} if task.startswith("text") else set()
    expected |= {"index.npz"} if task == "text_retrieval" else set()
    assert {path.name for path in (tmp_path / "export").iterdir()} == expected


def test_without_the_data_set_examples_will_do(package: Package, tmp_path: Path) -> None:
    figures = export(spec_of(package("rating_prediction"), tmp_path / "export", "tflite"))
    assert figures["rows"] == 5


def test_without_either_there_is_no_export(package: Package, tmp_path: Path) -> None:
    spec = spec_of(package("rating_prediction"), tmp_path / "export", "tflite").model_copy(update={"rows": []})
    with pytest.raises(DataError, match=r"found no row to compare it on; allowed: the data set version"):
        export(spec)


def test_outputs_that_differ_too_much(package: Package, tmp_path: Path) -> None:
    spec = spec_of(package("text_heads"), tmp_path / "export", "tflite", tolerance=1e-12)
    with pytest.raises(TrainingError, match=r"found outputs that differ by up to \d.*; allowed: at most 1e-12"):
        export(spec)


def test_what_was_converted_can_be_copied_but_not_converted_back(package: Package, tmp_path: Path) -> None:
    export(spec_of(package("rating_prediction"), tmp_path / "once", "tflite"))
    export(spec_of(tmp_path / "once", tmp_path / "again", "tflite"))
    assert (tmp_path / "again/model.tflite").read_bytes() == (tmp_path / "once/model.tflite").read_bytes()
    with pytest.raises(RecipeError, match=r"--format saved_model: found .*once in the format tflite"):
        export(spec_of(tmp_path / "once", tmp_path / "back", "saved_model"))


@pytest.mark.parametrize("format_", ["onnx", "tflite"])
def test_another_process_writes_the_same_bytes(package: Package, tmp_path: Path, format_: Format) -> None:
    if format_ == "onnx":
        pytest.importorskip("tf2onnx")
    folder = package("tabular_classification")
    here = spec_of(folder, tmp_path / "here", format_)
    export(here)
    launch(ExportOptions(format=format_), folder, tmp_path / "there", tmp_path / "log", rows=here.rows)
    for file in ("manifest.json", "features.json", FILES[format_]):
        assert (tmp_path / "there" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()
    with pytest.raises(RecipeError, match=r"--into: found .*there, which is there; allowed: a new folder"):
        launch(ExportOptions(format=format_), folder, tmp_path / "there", tmp_path / "log", rows=here.rows)


@pytest.fixture(scope="module")
def income(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DatasetRef]:
    """A classifier by one number, of dense layers alone."""
    folder = tmp_path_factory.mktemp("income")
    dataset = make_dataset(people(200), folder / "dataset", test_rows=40)
    plain = tabular(epochs=4, hidden_units=[8, 4], categorical=[], numeric_encoding="standard")
    return trained(plain, dataset, None, folder), dataset


@has_compiler
def test_an_hls_projects_code_gives_nearly_the_same(
    income: tuple[Path, DatasetRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hls4ml")
    package, dataset = income
    figures = export(spec_of(package, tmp_path / "once", "hls", dataset))
    assert 0 < figures["difference_max"] <= figures["tolerance"] == 0.02
    assert (tmp_path / "once/hls/firmware/network.cpp").exists()
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "difference_max" not in export(spec_of(package, tmp_path / "again", "hls", dataset))
    assert tree_digest(tmp_path / "again") == tree_digest(tmp_path / "once")
    with pytest.raises(RecipeError, match=r"found the format hls; allowed: saved_model, tflite, onnx"):
        load(tmp_path / "once")
    with pytest.raises(TrainingError, match=r"found outputs .* up to 0.2 .* at most 0.02 \(fixed_point_tolerance\)"):
        check({"difference_max": 0.2}, 0.02, ExportOptions(format="hls"))


@pytest.mark.slow
@has_compiler
def test_convolutions_as_hls(tmp_path: Path) -> None:
    pytest.importorskip("hls4ml")
    from tasks.compress.exports.hls import to_hls
    from tasks.model.convolution import build_cnn

    model = build_cnn((8, 8, 1), classes=3, filters=(2, 4), units=8, seed=1).exported
    random = np.random.default_rng(2)
    model.set_weights([random.normal(0, 0.2, weight.shape) for weight in model.get_weights()])
    images = {"images": random.random((6, 8, 8, 1), np.float32)}
    given = to_hls(model, tmp_path / "hls", ExportOptions(format="hls"), images)
    assert given is not None
    assert given == pytest.approx(model(images).numpy(), abs=0.02)


def test_layers_that_hls_lacks_are_named(tmp_path: Path) -> None:
    pytest.importorskip("hls4ml")
    from tasks.compress.exports.hls import to_hls
    from tasks.model.classifier import build_classifier
    from tests.packages import _encoder

    network: Network = build_classifier(_encoder(), 3, dropout=0.1)
    with pytest.raises(RecipeError, match=r"found layers that hls4ml lacks: .*embeddings \(TokenEmbeddings\), .*Atten"):
        to_hls(network.exported, tmp_path / "hls", ExportOptions(format="hls"), {})


def test_hls_needs_the_layers(package: Package, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"found none with its digest in this home"):
        export(spec_of(package("tabular_classification"), tmp_path / "export", "hls"))


def test_an_extra_that_is_not_installed_is_named(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from infra.errors import MachineError

    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    monkeypatch.setitem(sys.modules, "tf2onnx.convert", None)
    with pytest.raises(MachineError, match=r"extra `onnx`. Install them: pip install 'lepton\[onnx\]'"):
        export(spec_of(package("rating_prediction"), tmp_path / "export", "onnx"))
