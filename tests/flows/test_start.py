"""What a recipe names as the beginning of a training, found in a real registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.start import starting_point
from infra.errors import NotFoundError, RecipeError, SourceError
from infra.stores.tracking import connect
from tasks.data.tree import tree_digest
from tasks.lessons.config import TrainOptions
from tasks.model.published import open_published
from tasks.options import Task
from tasks.runtime.package import read_manifest, write_manifest
from tests.text_encoder import write_encoder

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "income"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, package: Callable[[Task], Path]) -> Iterator[MlflowClient]:
    """A registry with a float version, a compressed one made from it that is champion, and one that is no model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEPTON_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        connect()
        import mlflow

        client = mlflow.MlflowClient()
        client.create_registered_model(NAME)
        model, small, empty = (tmp_path_factory.mktemp(name) for name in ("model", "small", "empty"))
        for folder in (model, small):
            shutil.copytree(package("tabular_classification"), folder / "data" / "package")
        compressed = read_manifest(small / "data/package").model_copy(update={"format": "tflite"})
        write_manifest(small / "data/package", compressed)
        for folder, tags in ((model, {}), (small, {"lepton.parent_version": "1"}), (empty, {})):
            (folder / "data").mkdir(exist_ok=True)
            digest = tree_digest(folder / "data/package")
            client.create_model_version(NAME, str(folder), tags={"lepton.package_digest": digest, **tags})
        client.set_registered_model_alias(NAME, "champion", "2")
        client.set_registered_model_alias(NAME, "best", "1")
        yield client


def options(**asked: object) -> TrainOptions:
    return TrainOptions.model_validate({"task": "tabular_classification", "numeric": ["age"], **asked})


def test_nothing_named_is_nothing_to_find() -> None:
    assert starting_point(options()) is None


@pytest.mark.parametrize("uri", [f"models:/{NAME}/1", f"models:/{NAME}@best"])
def test_a_version_and_an_alias_lead_to_the_package(
    uri: str, client: MlflowClient, package: Callable[[Task], Path]
) -> None:
    found = starting_point(options(start_from=uri))

    assert found is not None
    assert found.digest == tree_digest(Path(found.path)) == tree_digest(package("tabular_classification"))
    assert found.uri == f"models:/{NAME}/1"


def test_what_a_server_sent_is_fetched_once(client: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    first = starting_point(options(start_from=f"models:/{NAME}/1"))
    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", lambda *_, **__: pytest.fail("fetched again"))

    assert starting_point(options(start_from=f"models:/{NAME}/1")) == first


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            f"models:/{NAME}@champion",
            r"found models:/income/2, whose weights were compressed to tflite.*models:/income/1",
        ),
        (
            f"models:/{NAME}",
            r"train.start_from: found 'models:/income'; allowed: models:/NAME/VERSION, models:/NAME@AL",
        ),
    ],
)
def test_models_that_can_not_be_gone_on_from(uri: str, message: str, client: MlflowClient) -> None:
    with pytest.raises(RecipeError, match=message):
        starting_point(options(start_from=uri))


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            f"models:/{NAME}/9",
            r"model models:/income/9: found no such version or alias; allowed: versions 1, 2, 3 of inc",
        ),
        (f"models:/{NAME}@worst", r"found no such version or alias; allowed: versions 1, 2, 3 of income"),
        ("models:/nobody/1", r"found no model nobody; allowed: a registered model\. `lepton models`"),
        (f"models:/{NAME}/3", r"found no package in it; allowed: a model that Lepton registered"),
        ("nowhere", r"model package: found no .*nowhere"),
    ],
)
def test_models_that_are_not_there(uri: str, message: str, client: MlflowClient) -> None:
    with pytest.raises(NotFoundError, match=message):
        starting_point(options(start_from=uri))


def test_a_package_and_a_folder_of_weights_by_their_paths(
    package: Callable[[Task], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_encoder(tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    encoder = {"weights": "weights"}

    weights = starting_point(TrainOptions.model_validate({"task": "text_classification", "encoder": encoder}))
    trained = starting_point(options(start_from=str(package("tabular_classification"))))

    assert weights is not None and trained is not None
    assert (weights.path, weights.digest) == (str(tmp_path / "weights"), open_published(tmp_path / "weights").digest())
    assert trained.digest == tree_digest(package("tabular_classification"))
    with pytest.raises(SourceError, match=r"encoder weights in .*absent: found no folder of that name"):
        starting_point(TrainOptions.model_validate({"task": "text_classification", "encoder": {"weights": "absent"}}))
