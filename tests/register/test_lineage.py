"""What a compressed version is tagged with, in a real registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.data.references import VersionRef
from tasks.register.steps.versions import note_compression, note_recipe, version_ref

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="module")
def client(client: MlflowClient) -> MlflowClient:
    client.create_registered_model("m")
    return client


@pytest.fixture
def versions(client: MlflowClient, tmp_path: Path) -> tuple[VersionRef, VersionRef]:
    """A parent that spent privacy, and a child."""
    tags = {"lepton.epsilon": "2.5", "lepton.delta": "1e-05", "lepton.recipe_hash": "abc", "lepton.gate": "{}"}
    parent = client.create_model_version("m", str(tmp_path), tags=tags)
    child = client.create_model_version("m", str(tmp_path))
    return version_ref(parent), version_ref(child)


def tags_of(client: MlflowClient, version: VersionRef) -> dict[str, str]:
    return dict(client.get_model_version(version.name, version.version).tags)


def test_a_child_tells_its_chain_and_its_deltas_and_what_privacy_has_cost_its_parent(
    client: MlflowClient, versions: tuple[VersionRef, VersionRef]
) -> None:
    parent, child = versions
    chain = json.dumps({"steps": ["prune", "int8"]})
    note_compression(child, parent, chain, {"size_mb": -1.25, "accuracy": -0.0042})
    assert tags_of(client, child) == {
        "lepton.compression": chain,
        "lepton.delta_size_mb": "-1.25",
        "lepton.delta_accuracy": "-0.0042",
        "lepton.epsilon": "2.5",
        "lepton.delta": "1e-05",
        "lepton.recipe_hash": "abc",
    }
    note_compression(child, parent, chain, {"size_mb": -1.5, "accuracy": -0.0042})
    assert tags_of(client, child)["lepton.delta_size_mb"] == "-1.5", "a later measurement stands"


def test_a_later_recipe_changes_what_holds_now_and_not_what_led_to_the_version(
    client: MlflowClient, versions: tuple[VersionRef, VersionRef]
) -> None:
    _, child = versions
    note_recipe(child, "first", '{"gate": 1}')
    note_recipe(child, "second", '{"gate": 2}')
    assert tags_of(client, child) == {
        "lepton.recipe_hash": "first",
        "lepton.terms": '{"gate": 2}',
        "lepton.background": "{}",
    }
