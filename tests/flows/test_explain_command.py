from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.explaining import question
from infra.errors import LeptonError, RecipeError
from tasks.options import Task

Package = Callable[[Task], Path]


def test_a_text_is_explained_in_words_and_in_json(package: Package, home: Path, tmp_path: Path) -> None:
    model, page = str(package("text_classification")), tmp_path / "why.html"
    words = ["explain", model, "--text", "show me the flights to boston", "--html", str(page)]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert "probability of" in told.output
    assert "boston" in told.output
    assert "faithful" in told.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    found = json.loads(CliRunner().invoke(app, [*words[:4], "--json"]).output)
    assert found["model"] == model
    total = found["base"] + sum(part["weight"] for part in found["contributions"])
    assert total == pytest.approx(found["output"], abs=1e-6)


@pytest.mark.parametrize(
    ("row", "text", "told"),
    [
        ("", "", "--row, --text: found neither"),
        ("1", "hello", "--row, --text: found both"),
        ("-1", "", "--row: found '-1'"),
        ("age=3", "", "--row: found 'age=3'"),
        ("[1]", "", r"--row: found '\[1\]'"),
    ],
)
def test_what_does_not_say_what_to_explain(row: str, text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        question("models:/a/1", row, text, "shap", None)


def test_a_text_for_a_model_of_columns(package: Package, home: Path) -> None:
    told = CliRunner().invoke(app, ["explain", str(package("tabular_classification")), "--text", "hello"])
    assert isinstance(told.exception, LeptonError)
    assert "--text: found the column text; allowed: the columns of the model: age, job" in str(told.exception)
    assert "\n" not in str(told.exception)
