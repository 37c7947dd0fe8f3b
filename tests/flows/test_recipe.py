from __future__ import annotations

from pathlib import Path

import pytest

from flows.recipe import load_recipe, recipe_names
from infra.errors import RecipeError, SourceError


def test_six_recipes_come_with_it() -> None:
    assert recipe_names() == ["answers", "income", "movies", "news", "support", "support-banking77"]


@pytest.mark.parametrize("name", recipe_names())
def test_each_recipe_is_valid_and_named_like_its_file(name: str) -> None:
    assert load_recipe(name).name == name


def test_overrides_are_typed_values_at_a_path() -> None:
    recipe = load_recipe("support", ["train.epochs=5", "clean.engine=spark", "gate.thresholds.0.bound=0.5"])
    assert recipe.train.epochs == 5
    assert recipe.clean.engine == "spark"
    assert recipe.gate.thresholds[0].bound == 0.5


def test_a_column_called_like_a_number_stays_text() -> None:
    assert load_recipe("support", ["ingest.path=x.csv", "ingest.columns.text=1"]).ingest.columns.text == "1"


def test_the_digest_says_whether_two_recipes_are_the_same() -> None:
    assert load_recipe("support").digest() == load_recipe("support").digest()
    assert load_recipe("support").digest() != load_recipe("support", ["train.seed=8"]).digest()


@pytest.mark.parametrize(
    ("name", "overrides", "text"),
    [
        ("suport", [], "recipe: found 'suport'; allowed: answers, income, movies, news, support"),
        ("../recipes/support", [], "recipe: found '../recipes/support'"),
        ("nowhere.yaml", [], "recipe: found 'nowhere.yaml'"),
        ("support", ["train.epoch=5"], "train.epoch: found an unknown option; allowed: "),
        ("support", ["train.epochs"], "--set: found 'train.epochs'; allowed: name.of.option=value"),
        ("support", ["train.epochs.x=5"], "train.epochs"),
        ("support", ["train.epochs=many"], "train.epochs: found 'many'; allowed: "),
        ("support", ["train.epochs=0"], "train.epochs: found 0; allowed: "),
        ("support", ["clean.engine=flink"], "clean.engine: found 'flink'; allowed: "),
        ("support", ["gate.thresholds.9.bound=1"], "--set gate.thresholds.9.bound: found '1'"),
        ("news", ["train.task=rating_prediction"], "ingest.contract: found no column ['user', 'item', 'rating']"),
        ("income", ["train.numeric=[age, height]"], "ingest.contract: found no column ['height']"),
        ("income", ["train.categorical=[sex]"], "evaluate.fairness.protected: found sex in train.numeric or train.cat"),
        (
            "income",
            ["evaluate.fairness.protected=[gender]"],
            "protected: found no column ['gender'] in ingest.contract",
        ),
        ("income", ["evaluate.fairness.favourable=rich"], "evaluate.fairness.favourable: found rich, no class of inge"),
        ("income", ["evaluate.fairness.protected=[sex, Sex]"], "found sex, Sex, which figures would call the same"),
        ("movies", ["evaluate.fairness.protected=[user]"], "protected: found with train.task rating_prediction"),
        ("support", ["clean.rules=[trim, polish]"], "polish"),
        ("support", ["train.heads=[]"], "train.heads: found none; allowed: what goes together. the task text_heads"),
        ("news", ["train.heads=[{column: label, kind: classification}]"], "found 1 heads with text_classification"),
        ("support", ["train.heads.1.column=slots"], "ingest.contract: found no column ['slots'], which train.task"),
        (
            "income",
            ["train.privacy.target_epsilon=1"],
            "train.privacy.preprocessing: found undeclared; allowed: what goes together. labels, categories, bins",
        ),
        ("income", ["train.privacy.clip=2"], "train.privacy.target_epsilon: found 0 with clip"),
        (
            "answers",
            ["train.privacy.target_epsilon=1", "train.privacy.preprocessing=public"],
            "train.task: found text_retrieval with privacy; allowed: what goes together. each row's loss looks at",
        ),
        (
            "income",
            [
                "train.privacy.target_epsilon=1",
                "train.privacy.preprocessing=public",
                "compress.steps=[prune_neurons, fine_tune, int8]",
            ],
            "compress.steps: found prune_neurons, fine_tune of a private model",
        ),
        (
            "news",
            [
                "train.privacy.target_epsilon=1",
                "train.privacy.preprocessing=public",
                "augment.methods=[{method: swap}]",
            ],
            "augment.methods: found 1 with train.privacy; allowed: what goes together. copies of a row would count",
        ),
        (
            "support",
            ["ingest.contract.2.name=slots", "train.heads.1.column=slots"],
            "train.heads: found the column slots, which the split and the rules would take for an input",
        ),
        (
            "support",
            ["train.heads=[{column: label, kind: tagging}]", "augment.methods=[{method: swap}]"],
            "augment.methods: found with tags in label",
        ),
        ("support", ["train.heads.1.column=label"], "train.heads: found the column label twice"),
        ("support", ["train.heads.1.column=label_score"], "train.heads: found the column label_score twice"),
        ("support", ["train.heads.1.kind=spans"], "train.heads.1.kind: found 'spans'; allowed: "),
        ("support", ["train.heads.1.weight=0"], "train.heads.1.weight: found 0; allowed: "),
        ("support", ["train.heads.0.loss.name=squared_error"], "train.heads.0.loss.name: found squared_error"),
        ("support", ["train.loss.label_smoothing=0.1"], "train.loss: found one with text_heads"),
        (
            "support",
            ["clean.rules=[weigh_sample]", "augment.methods=[{method: swap}]", "augment.balance_to=0.5"],
            "clean.rules: found weigh_sample",
        ),
        (
            "news",
            ["ingest.contract.1.nullable=true"],
            "ingest.contract: found a label that may be missing, and nothing",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(name: str, overrides: list[str], text: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe(name, overrides)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("a: [1")
    with pytest.raises(RecipeError, match="allowed: YAML in UTF-8"):
        load_recipe(str(file))


def test_a_recipe_of_ones_own_needs_every_required_option(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("name: own\ningest: {path: x.csv, contract: [{name: text}, {name: label}]}\nclean: {}\n")
    with pytest.raises(RecipeError, match=r"train: found nothing.*Add it to recipe"):
        load_recipe(str(file))


def test_a_recipe_whose_data_comes_in_no_package_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tasks.ingest.sources.sources import resolve

    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("support-banking77")

    assert "name its csv, with the columns split, text and intent, by ingest.path" in recipe.description
    with pytest.raises(SourceError, match=r"source banking77\.csv\.gz: found no such file; .* Check ingest\.path"):
        resolve(recipe.ingest)
