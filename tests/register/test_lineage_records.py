"""What is read out of a real registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.settings.home import HomeSettings
from tasks.data.references import VersionRef
from tasks.register.lineage.completeness import missing_links
from tasks.register.lineage.graph import Edge
from tasks.register.steps.lineage import lineage_of, read_records, with_runs
from tasks.register.steps.versions import version_ref
from tests.register.lineage.home import CLEAN, FILE, RAW, versions

if TYPE_CHECKING:
    from mlflow import MlflowClient


def took(client: MlflowClient, run_id: str) -> str:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = Dataset(name="m", digest=CLEAN[:36], source_type="local", source="x")
    client.log_inputs(run_id, [DatasetInput(dataset=data, tags=[InputTag("lepton.digest", CLEAN)])])
    return run_id


@pytest.fixture(scope="module")
def made(client: MlflowClient) -> tuple[VersionRef, VersionRef]:
    """A trained version and its compressed child, with data in the home, and a run of which no model came."""
    versions(HomeSettings().datasets)
    client.create_registered_model("m")
    new = client.create_run("0", run_name="m train").info.run_id
    small = client.create_run("0", run_name="m int8").info.run_id
    took(client, client.create_run("0", run_name="m tune").info.run_id)
    tags = {"lepton.dataset_digest": CLEAN}
    parent = client.create_model_version("m", "x", took(client, new), tags=tags)
    promoted = {"lepton.parent_version": parent.version, "lepton.promoted": "2026-01-02, replaced none"}
    child = client.create_model_version("m", "x", small, tags=tags | promoted)
    client.set_registered_model_alias("m", "champion", child.version)
    return version_ref(parent), version_ref(child)


def test_a_version_leads_back_to_its_file(made: tuple[VersionRef, VersionRef]) -> None:
    parent, child = made
    graph = lineage_of(child)
    assert missing_links(graph, child.uri) == []
    assert set(graph.edges) == {
        Edge(f"file:{FILE}", f"dataset:{RAW}", "read"),
        Edge(f"dataset:{RAW}", f"dataset:{CLEAN}", "made"),
        Edge(f"dataset:{CLEAN}", f"run:{parent.run_id}", "learned"),
        Edge(f"dataset:{CLEAN}", f"run:{child.run_id}", "used"),
        Edge(f"run:{parent.run_id}", parent.uri, "registered"),
        Edge(f"run:{child.run_id}", child.uri, "registered"),
        Edge(parent.uri, child.uri, "compressed"),
    }
    assert graph.nodes[child.uri].facts["alias"] == "champion"


def test_what_came_of_a_file_has_runs_without_a_model_too(made: tuple[VersionRef, VersionRef]) -> None:
    from tasks.register.lineage.assembly import assemble

    records = read_records()
    part = assemble(records).part([f"file:{FILE}"], up=False)
    whole = assemble(with_runs(records, part)).part([f"file:{FILE}"], up=False)
    labels = sorted(node.label.rpartition(" ")[0] for node in whole.nodes.values() if node.kind == "run")
    assert labels == ["m int8", "m train", "m tune"]
    assert [node.kind for node in whole.nodes.values()].count("promotion") == 1, "told by the tag alone"


def test_a_run_that_was_deleted_is_told(client: MlflowClient, made: tuple[VersionRef, VersionRef]) -> None:
    parent, child = made
    client.delete_run(parent.run_id)
    try:
        assert missing_links(lineage_of(child), child.uri) == [
            f"m train {parent.run_id[:8]}, named by {parent.uri}: deleted"
        ]
    finally:
        client.restore_run(parent.run_id)


def test_a_home_whose_manifests_were_deleted(
    client: MlflowClient, made: tuple[VersionRef, VersionRef], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import mlflow

    uri = mlflow.get_tracking_uri()
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path))
    assert mlflow.get_tracking_uri() == uri
    (told,) = missing_links(lineage_of(made[1]), made[1].uri)
    assert told.startswith(f"unknown data set {CLEAN[:16]}, named by ") and told.endswith(" is not there")
