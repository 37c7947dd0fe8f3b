"""Recipes as people write them in a file: what below `ingest` is a word stays one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.recipe import RECIPES, load_recipe
from infra.errors import RecipeError
from infra.settings.home import checkout

PAGE = (checkout() / "docs" / "sources.md").read_text(encoding="utf-8")
REST = (RECIPES / "news.yaml").read_text(encoding="utf-8").partition("clean:\n")[2]


def recipe_file(folder: Path, ingest: str) -> str:
    """A file with this below `ingest`, and the rest of the recipe `news`."""
    file = folder / "mine.yaml"
    file.write_text(f"name: mine\ningest:\n{ingest}clean:\n{REST}", encoding="utf-8")
    return str(file)


def test_increments_that_are_off(tmp_path: Path) -> None:
    text = "  path: a.csv\n  incremental: off\n  contract: [{name: text}, {name: label}]\n"
    recipe = load_recipe(recipe_file(tmp_path, text))
    assert recipe.ingest.incremental == "off"
    assert load_recipe("support", ["ingest.path=a.csv", "ingest.incremental=off"]).ingest.incremental == "off"


def test_what_sources_are_joined_on(tmp_path: Path) -> None:
    text = """  sources:
    - {name: crm, path: crm.csv, priority: 2, rename: [{column: mail, to: email}]}
    - {name: web, path: web.jsonl, columns: {label: outcome}}
  fusion:
    method: join
    on: [email]
  contract:
    - {name: text}
    - {name: label, allowed: [yes, no, on, off]}
    - {name: email, unique: true}
    - {name: day, allowed: [2024-01-31, 2024-02-29], nullable: true, missing: [n, ~n, 010, 12:30]}
"""
    ingest = load_recipe(recipe_file(tmp_path, text)).ingest
    assert (ingest.fusion.method, ingest.fusion.on) == ("join", ["email"])
    assert ingest.contract[1].allowed == ["yes", "no", "on", "off"]
    assert ingest.contract[3].allowed == ["2024-01-31", "2024-02-29"]
    assert ingest.contract[3].missing == ["n", "~n", "010", "12:30"]


def test_an_option_that_stands_twice(tmp_path: Path) -> None:
    text = "  path: a.csv\n  contract: [{name: text}, {name: label}]\n  contract: [{name: text}]\n"
    with pytest.raises(RecipeError, match=r"mine\.yaml: found the name 'contract' twice"):
        load_recipe(recipe_file(tmp_path, text))


@pytest.mark.parametrize("name", ["*", "^a.*$"])
def test_a_column_that_would_mean_several(tmp_path: Path, name: str) -> None:
    text = f"  path: a.csv\n  contract: [{{name: text}}, {{name: label}}, {{name: '{name}'}}]\n"
    with pytest.raises(RecipeError, match=r"name: found .*, a name that means several columns; .* rename it in") as e:
        load_recipe(recipe_file(tmp_path, text))
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        ("{on: ['*']}", r"fusion\.on: found '\*', a name that means several columns"),
        ("{on: ['lepton:row']}", r"on: found 'lepton:row', a name that Lepton uses itself"),
    ],
)
def test_names_that_fusion_can_not_take(tmp_path: Path, fusion: str, message: str) -> None:
    text = f"""  sources: [{{name: a, path: a.csv}}, {{name: b, path: b.csv}}]
  fusion: {fusion}
  contract: [{{name: text}}, {{name: label}}]
"""
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe_file(tmp_path, text))


@pytest.mark.parametrize("block", re.findall(r"```yaml\ningest:\n(.*?)```", PAGE, re.DOTALL))
def test_the_page_shows_recipes_that_there_can_be(tmp_path: Path, block: str) -> None:
    """What a block leaves out has the contract of a text and its label."""
    contract = "  contract:\n" if "contract:" not in block else ""
    text = f"{block}{contract}    - {{name: text}}\n" + ("    - {name: label}\n" if contract else "")
    assert load_recipe(recipe_file(tmp_path, text)).ingest.places()
