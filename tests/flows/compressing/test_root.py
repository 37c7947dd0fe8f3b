"""The float model of a search, its data and its terms, found in a real registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.compressing.root import find_root
from flows.recipe import load_recipe
from flows.terms import Terms
from infra.errors import NotFoundError, RecipeError
from infra.stores.tracking import connect
from tasks.data.references import DatasetRef
from tasks.data.tree import tree_digest
from tasks.options import Task
from tasks.runtime.package import read_manifest, write_manifest
from tests.packages import inputs, make_dataset

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "loans"
TERMS = Terms.of(load_recipe("income")).model_dump_json()


@dataclass
class Registry:
    """A registry, and how to add a version to it."""

    client: MlflowClient
    folder: Path
    package: Path
    dataset: DatasetRef

    def add(self, *, converted: bool = False, source: str = "", **tags: str) -> str:
        """Register the package as a version whose run learned from the data set; returns its number."""
        place = self.folder / f"model-{len(list(self.folder.glob('model-*')))}"
        shutil.copytree(self.package, place / "data" / "package")
        if converted:
            manifest = read_manifest(place / "data/package")
            write_manifest(place / "data/package", manifest.model_copy(update={"format": "tflite"}))
        digest = tree_digest(place / "data/package")
        told = {"lepton.package_digest": digest, "lepton.dataset_digest": self.dataset.digest, "lepton.terms": TERMS}
        named = {f"lepton.{name}": text for name, text in tags.items()}
        run_id = self._run(source or self.dataset.path)
        version = self.client.create_model_version(NAME, str(place), run_id, tags=told | named)
        return str(version.version)

    def _run(self, source: str) -> str:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        run_id: str = self.client.create_run("0").info.run_id
        entity = Dataset(name=NAME, digest=self.dataset.digest[:36], source_type="local", source=source)
        self.client.log_inputs(run_id, [DatasetInput(entity, [InputTag("lepton.digest", self.dataset.digest)])])
        return run_id


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, package: Callable[[Task], Path]) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("LEPTON_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        connect()
        import mlflow

        client = mlflow.MlflowClient()
        client.create_registered_model(NAME)
        dataset = make_dataset(inputs("tabular_classification"), home / "datasets" / NAME, test_rows=8)
        yield Registry(client, tmp_path_factory.mktemp("models"), package("tabular_classification"), dataset)


def test_a_float_version_is_its_own_root(registry: Registry) -> None:
    number = registry.add()
    root = find_root(f"models:/{NAME}/{number}")
    assert root.version.uri == f"models:/{NAME}/{number}"
    assert root.model.digest == tree_digest(Path(root.model.path)) == tree_digest(registry.package)
    assert root.dataset == registry.dataset
    assert (root.task, root.terms.gate) == ("tabular_classification", load_recipe("income").gate)


def test_the_lineage_of_a_compressed_one_leads_to_it(registry: Registry) -> None:
    number = registry.add()
    small = registry.add(converted=True, parent_version=number)
    smaller = registry.add(converted=True, parent_version=small)
    registry.client.set_registered_model_alias(NAME, "champion", smaller)
    assert find_root(f"models:/{NAME}@champion").version.version == number


def test_a_home_that_was_moved_has_its_data_still(registry: Registry) -> None:
    number = registry.add(source="/elsewhere/datasets/loans/0")
    assert find_root(f"models:/{NAME}/{number}").dataset == registry.dataset


def test_a_recipe_that_is_named_goes_before_what_was_noted(registry: Registry) -> None:
    number = registry.add()
    assert find_root(f"models:/{NAME}/{number}", "movies").terms.gate.primary_metric == "rmse"


def test_an_older_model_without_terms_wants_a_recipe(registry: Registry) -> None:
    number = registry.add(terms="")
    with pytest.raises(NotFoundError, match=r"recipe of the model loans: found none noted .*Name it by --recipe"):
        find_root(f"models:/{NAME}/{number}")
    assert find_root(f"models:/{NAME}/{number}", "income").terms == Terms.of(load_recipe("income"))


def test_a_model_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match=r"model models:/loans/999: found no such version or alias"):
        find_root(f"models:/{NAME}/999")
    with pytest.raises(RecipeError, match=r"MODEL: found 'loans'; allowed: models:/NAME/VERSION, models:/NAME@ALIAS\."):
        find_root(NAME)


def test_a_compressed_one_whose_float_model_is_gone(registry: Registry) -> None:
    number = registry.add()
    small = registry.add(converted=True, parent_version=number)
    registry.client.delete_model_version(NAME, number)
    with pytest.raises(
        NotFoundError, match=rf"float model of models:/loans/{small}: found no version {number} of loans"
    ):
        find_root(f"models:/{NAME}/{small}")


def test_a_compressed_one_that_names_no_float_model(registry: Registry) -> None:
    number = registry.add(converted=True)
    with pytest.raises(RecipeError, match=r"in the format tflite, which names no parent; allowed: a float model"):
        find_root(f"models:/{NAME}/{number}")


def test_a_model_whose_data_is_gone(registry: Registry) -> None:
    number = registry.add(dataset_digest="0" * 64)
    with pytest.raises(
        NotFoundError, match=rf"data set version of models:/loans/{number}: found none with the digest 0+"
    ):
        find_root(f"models:/{NAME}/{number}")


def test_a_model_whose_files_are_gone(registry: Registry) -> None:
    number = registry.add(package_digest="1" * 64)
    shutil.rmtree(Path(registry.client.get_model_version(NAME, number).source or ""))
    with pytest.raises(NotFoundError, match=rf"model models:/loans/{number}: found no package in it"):
        find_root(f"models:/{NAME}/{number}")


def test_a_model_whose_run_is_gone(registry: Registry) -> None:
    number = registry.add()
    registry.client.delete_run(registry.client.get_model_version(NAME, number).run_id or "")
    with pytest.raises(NotFoundError, match=rf"model models:/loans/{number}: found no run [0-9a-f]+"):
        find_root(f"models:/{NAME}/{number}")
