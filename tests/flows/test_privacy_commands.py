"""`lepton privacy`: epsilon, budgets and charges from a terminal, and what data is called there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.data_words import find_dataset, find_origins
from infra.errors import NotFoundError, RecipeError, RoleError
from infra.settings.roles import current_user
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

RECIPE = """
name: mine
ingest: {{path: {path}, test_share: 0.5, contract: [{{name: text}}, {{name: label}}]}}
clean: {{engine: polars, rules: []}}
train: {{task: text_classification}}
gate: {{primary_metric: accuracy, thresholds: [{{metric: accuracy, bound: 0.5}}]}}
"""


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["privacy", *words])


def told(*words: str) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def recipe(tmp_path: Path, home: Path) -> str:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(20)))
    file = tmp_path / "mine.yaml"
    file.write_text(RECIPE.format(path=rows))
    return str(file)


def test_the_textbook_setting() -> None:
    found = told("epsilon", "--rows", "60000", "--batch", "256", "--noise", "1.12", "--epochs", "60", "--delta", "1e-5")
    assert (found["steps"], round(found["pld"], 2), round(found["rdp"], 2)) == (14_062, 2.31, 2.52)
    assert found["sampling_rate"] == pytest.approx(256 / 60_000)


def test_noise_for_a_target() -> None:
    words = ("--rows", "1000", "--batch", "1000", "--epochs", "1", "--delta", "1e-5")
    found = told("epsilon", *words, "--target", "1")
    assert 0.999 <= found["pld"] <= 1.0
    assert found["noise_multiplier"] == pytest.approx(3.7305, rel=2e-3)  # the analytic Gaussian mechanism
    assert "noise multiplier 3.73" in call("epsilon", *words, "--target", "1").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--noise", "1", "--target", "1"], "--noise, --target: found both"),
        ([], "--noise, --target: found neither, or 0"),
        (["--target", "-1"], "target epsilon: found -1"),
        (["--noise", "1", "--delta", "0.1"], "found 0.1 with 100 rows"),
    ],
)
def test_what_can_not_be_asked(words: list[str], message: str) -> None:
    result = call("epsilon", "--rows", "100", "--batch", "10", "--epochs", "1", "--delta", "1e-3", *words)
    assert isinstance(result.exception, RecipeError)
    assert message in str(result.exception)


def test_a_budget_is_set_before_the_first_run_and_shown(recipe: str) -> None:
    assert told("budget", "show") == {"budgets": []}
    (budget,) = told("budget", "set", recipe, "--epsilon", "3")["budgets"]
    assert (budget["epsilon"], budget["spent"], budget["left"]) == (3.0, 0.0, 3.0)
    assert list(budget["origins"].values()) == ["rows.csv"]
    assert told("budget", "show", recipe)["budgets"] == [budget]
    assert "rows.csv" in call("budget", "show").stdout
    assert told("spend", "list") == {"charges": []}


def test_roles_and_reasons(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told("budget", "set", recipe, "--epsilon", "3")
    for words in (["set", recipe, "--epsilon", "4"], ["set", recipe, "--public"], ["reset", recipe]):
        assert isinstance(call("budget", *words).exception, RoleError)
    monkeypatch.setenv("LEPTON_ROLES_PRIVACY_OFFICERS", current_user())
    assert isinstance(call("budget", "reset", recipe).exception, RecipeError)
    told("budget", "set", recipe, "--epsilon", "4", "--reason", "agreed")
    told("budget", "reset", recipe, "--reason", "agreed again")
    changes = told("budget", "changes")["changes"]
    assert [change["action"] for change in changes] == ["reset", "raise", "share", "open"]


def test_data_by_its_names(recipe: str, home: Path) -> None:
    from flows.recipe import load_recipe

    options = load_recipe(recipe).ingest
    version = ingest(options, resolve(options), home / "datasets" / "mine-raw")
    for words in (recipe, version.path, version.digest, version.digest[:8]):
        assert find_origins(words) == find_origins(recipe)
    assert find_dataset(version.digest[:10]) == version


@pytest.mark.parametrize("words", ["nothing", "", "0" * 64, "abc"])
def test_data_that_is_not_there(words: str, home: Path) -> None:
    with pytest.raises(NotFoundError, match="found none of that name"):
        find_origins(words)


def test_a_beginning_that_two_versions_share(
    recipe: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = IngestOptions(
        path=str(tmp_path / "rows.csv"), contract=[ColumnContract(name="text"), ColumnContract(name="label")]
    )
    for share in (0.4, 0.6):  # which is in each row's split, and so in the digest
        asked = options.model_copy(update={"test_share": share})
        ingest(asked, resolve(asked), home / "datasets" / "x-raw")
    monkeypatch.setattr("flows.data_words._SHORTEST", 0)
    with pytest.raises(NotFoundError, match="found 2 versions whose digests begin so"):
        find_dataset("")
