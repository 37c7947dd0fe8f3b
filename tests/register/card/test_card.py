"""Card and data sheet of a version of a real registry, made of its run, and made anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from flows.cli import app
from infra.errors import NotFoundError
from tasks.data.references import DatasetRef, EvaluationRef, Reference, VersionRef
from tasks.register.card.dossier import read_dossier, write_dossier
from tasks.register.evidence import Evidence
from tasks.register.steps.card import pages_of, publish_card, refresh_card
from tasks.register.steps.versions import version_ref
from tests.register.card.made import BACKGROUND, DOSSIER, FAILED, MEASURED, PIXEL, SHEET
from tests.register.card.test_sheet import version

if TYPE_CHECKING:
    from mlflow import MlflowClient


def report(folder: Path) -> EvaluationRef:
    """A report on disk with every part, two pictures, and test rows that no card may show."""
    folder.mkdir()
    for part in (MEASURED.quality, MEASURED.calibration, MEASURED.slices, MEASURED.robustness, MEASURED.fairness):
        assert part
        part.save(folder)
    (folder / "metrics.json").write_text(json.dumps(MEASURED.metrics), encoding="utf-8")
    (folder / "examples.json").write_text('[{"input": {"age": 77}}]', encoding="utf-8")
    for name in ("confusion.png", "local_explanation_row_1.png"):
        (folder / name).write_bytes(PIXEL)
    return EvaluationRef(path=str(folder), digest="e", metrics=MEASURED.metrics, run_id="r")


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    explanation = tmp_path / "explanation"
    explanation.mkdir()
    assert DOSSIER.explanation
    DOSSIER.explanation.save(explanation)
    measured = report(tmp_path / "measured")
    return Evidence(
        measured=measured, parent_measured=measured, explanation=Reference(path=str(explanation), digest="x")
    )


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    return version(tmp_path / "datasets" / "income", [20, 30, 40] * 8, sources={"people.csv": "c" * 64})


@pytest.fixture
def candidate(client: MlflowClient, tmp_path: Path, request: pytest.FixtureRequest) -> VersionRef:
    name = request.node.name[:40].replace("_", "-")
    client.create_registered_model(name)
    run = client.create_run("0")
    tags = {"lepton.gate": FAILED.model_dump_json(), "lepton.background": BACKGROUND.model_dump_json()}
    return version_ref(client.create_model_version(name, str(tmp_path), run.info.run_id, tags=tags))


def test_a_dossier_is_read_as_it_was_written_and_holds_no_row(tmp_path: Path, evidence: Evidence) -> None:
    folder = tmp_path / "dossier"
    folder.mkdir()
    write_dossier(folder, BACKGROUND, SHEET, evidence)
    found = read_dossier(folder)
    assert found.measured == MEASURED
    assert (found.background, found.sheet, found.explanation) == (BACKGROUND, SHEET, DOSSIER.explanation)
    assert found.comparison is None and found.tradeoff is None
    assert [picture.png for picture in found.pictures["quality"]] == [PIXEL]
    assert not list(folder.rglob("*row_1*")) and not list(folder.rglob("examples.json"))


def test_the_card_goes_into_the_run_and_a_later_one_leaves_nothing_behind(
    client: MlflowClient, candidate: VersionRef, dataset: DatasetRef, evidence: Evidence
) -> None:
    address = publish_card(candidate, dataset, evidence, recipe="name: income\n")
    assert address.endswith("/model_card.html")
    files = {file.path for file in client.list_artifacts(candidate.run_id)}
    assert {"model_card.html", "model_card.md", "data_sheet.html", "data_sheet.md", "card"} <= files
    card, sheet = pages_of(candidate)
    assert "By LIME: NOT faithful" in str(card)
    assert "people.csv" in str(sheet)

    publish_card(candidate, dataset, evidence.model_copy(update={"explanation": None}))
    assert "LIME" not in str(pages_of(candidate)[0])


def test_what_the_registry_says_later_shows(
    client: MlflowClient, candidate: VersionRef, dataset: DatasetRef, evidence: Evidence, tmp_path: Path
) -> None:
    publish_card(candidate, dataset, evidence)
    assert "No alias points at it." in str(pages_of(candidate)[0])
    client.set_registered_model_alias(candidate.name, "champion", candidate.version)
    refresh_card(candidate)
    text = Path(client.download_artifacts(candidate.run_id, "model_card.md", str(tmp_path))).read_text(encoding="utf-8")
    assert "It is champion." in text


def test_a_version_without_a_card_says_where_there_may_be_one(
    client: MlflowClient, candidate: VersionRef, tmp_path: Path
) -> None:
    client.create_model_version(candidate.name, str(tmp_path), tags={"lepton.parent_version": candidate.version})
    with pytest.raises(NotFoundError, match=rf"What was made of it may have one: {candidate.name}/2\."):
        pages_of(candidate)


def test_the_command_prints_and_writes(
    client: MlflowClient, candidate: VersionRef, dataset: DatasetRef, evidence: Evidence, tmp_path: Path
) -> None:
    publish_card(candidate, dataset, evidence)
    uri, file = f"models:/{candidate.name}/1", tmp_path / "sheet.html"
    printed = CliRunner().invoke(app, ["card", uri])
    assert printed.exit_code == 0 and printed.output.startswith(f"# Model card: {candidate.name}, version 1\n")
    written = CliRunner().invoke(app, ["card", uri, "--data", "--html", str(file)])
    assert written.exit_code == 0 and "Data sheet: income" in written.output
    assert "people.csv" in file.read_text(encoding="utf-8")
    nowhere = CliRunner().invoke(app, ["card", uri, "--html", str(tmp_path / "no" / "card.html")])
    assert "allowed: a file that can be written" in str(nowhere.exception)
