"""`lepton privacy curve`: what it trains, what it refuses, and once for real."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.commands.privacy.curve import parse_epsilons, rows
from flows.curve import check_private, metrics_of, plain_recipes, private_recipes
from flows.recipe import Recipe, load_recipe
from infra.errors import BudgetError, LeptonError, RecipeError
from tasks.private.ledger.books import Books
from tasks.private.ledger.database import here, transact
from tests.private.curve.test_curve import PRIVATE, THREE, curve

PRIVACY = ["train.privacy.target_epsilon=1", "train.privacy.preprocessing=public"]
RECIPE = """
name: mine
ingest:
  path: {path}
  test_share: 0.3
  contract: [{{name: x, type: number}}, {{name: label, allowed: ["no", "yes"]}}]
clean: {{engine: polars, rules: []}}
train:
  {{task: tabular_classification, numeric: [x], hidden_units: [], dropout: 0, epochs: 2, batch_size: 50,
  privacy: {{target_epsilon: 1, preprocessing: public}}}}
evaluate: {{latency_queries: 20, other_threads: 0, robustness: {{methods: [missing]}}}}
gate: {{primary_metric: auc, thresholds: [{{metric: auc, bound: 0.5}}]}}
"""


def income(*overrides: str) -> Recipe:
    return load_recipe("income", [*PRIVACY, *overrides])


def test_each_epsilon_has_each_seed_and_options_stay() -> None:
    recipe = income("train.privacy.clip=4", "train.seed=11")
    made = private_recipes(recipe, [0.5, 2.0], 2)

    assert [(one.train.privacy.target_epsilon, one.train.seed) for one in made] == [
        (0.5, 11),
        (0.5, 12),
        (2.0, 11),
        (2.0, 12),
    ]
    assert all(one.train.privacy.clip == 4 for one in made)
    same = income("train.privacy.clip=4", "train.seed=12", "train.privacy.target_epsilon=2")
    assert made[-1].train == same.train  # what `lepton run` has trained is not trained again
    plain = plain_recipes(recipe, 2)
    assert [one.train for one in plain] == [load_recipe("income", [f"train.seed={seed}"]).train for seed in (11, 12)]


def test_what_is_drawn() -> None:
    assert metrics_of(income(), {"accuracy": 0.8, "auc": 0.9, "size_mb": 1.0}) == ["auc", "accuracy"]
    assert metrics_of(income("gate.primary_metric=accuracy"), {"accuracy": 0.8}) == ["accuracy"]
    with pytest.raises(RecipeError, match=r"gate\.primary_metric: found mrr; allowed: accuracy, auc\. Name"):
        metrics_of(income("gate.primary_metric=mrr"), {"auc": 0.9, "accuracy": 0.8})


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        (load_recipe("income"), "train.privacy: found no privacy; allowed: a target_epsilon"),
        (
            load_recipe("income", ["train.privacy.noise_multiplier=1", PRIVACY[1]]),
            "train.privacy: found noise_multiplier 1; allowed: a target_epsilon",
        ),
        (income("train.privacy.seeded_noise=true"), "train.privacy.seeded_noise: found true"),
    ],
)
def test_privacy_without_a_target_is_refused(recipe: Recipe, found: str) -> None:
    with pytest.raises(RecipeError, match=found):
        check_private(recipe)
    check_private(income())


def test_epsilons_are_read() -> None:
    assert parse_epsilons("8, 0.5,1") == [0.5, 1.0, 8.0]


@pytest.mark.parametrize(
    ("text", "found"),
    [("0,1", "'0'"), ("1,x", "'x'"), ("", "''"), ("nan", "'nan'"), ("inf", "'inf'"), ("-1", "'-1'"), ("1,1.0", "1.0")],
)
def test_what_is_no_epsilon_is_named(text: str, found: str) -> None:
    with pytest.raises(RecipeError, match=f"--epsilons: found {found}.*allowed: up to 20 different numbers above 0"):
        parse_epsilons(text)


def test_the_table_ends_without_privacy() -> None:
    assert rows(curve(*THREE, *PRIVATE)) == [
        ["0.5", "0.0700 (0.0600 to 0.1100)", "0.5000 (0.5000 to 0.5000)"],
        ["4", "0.4200 (0.4100 to 0.4600)", "0.5000 (0.5000 to 0.5000)"],
        ["without privacy", "0.9100 (0.9000 to 0.9200)", "0.8200 (0.8000 to 1.0000)"],
    ]


def test_the_form_takes_its_parameters() -> None:
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.schema_tools.validation import validate

    from flows.curve import curve as flow

    sent = {"recipe": income().model_dump(mode="json"), "epsilons": [0.5, 1], "seeds": 2}
    validate(sent, parameter_schema(flow).model_dump_for_openapi(), raise_on_error=True, ignore_required=True)


@pytest.fixture
def mine(tmp_path: Path, home: Path) -> str:
    draw, data = random.Random(1), tmp_path / "rows.csv"
    lines = (f"{draw.gauss(2 * (n % 2), 1):.3f},{('no', 'yes')[n % 2]}\n" for n in range(600))
    data.write_text("x,label\n" + "".join(lines))
    file = tmp_path / "mine.yaml"
    file.write_text(RECIPE.format(path=data))
    return str(file)


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["privacy", *words])


@pytest.mark.slow
def test_a_curve_of_public_data_for_real_and_again(mine: str) -> None:
    with pytest.raises(BudgetError, match=r"privacy budget of \w+: found none for .*lepton privacy budget set"):
        failed("curve", mine, "--epsilons", "1", "--seeds", "1")
    assert call("budget", "set", mine, "--public").exit_code == 0
    words = ("curve", mine, "--epsilons", "1,8", "--seeds", "1", "--json")
    result = call(*words)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)

    runs = told["curve"]["runs"]
    assert [run["privacy"] and run["privacy"]["target"] for run in runs] == [None, 1, 8]
    assert all(run["privacy"]["epsilon"] <= run["privacy"]["target"] for run in runs[1:])
    assert len({run["model"] for run in runs}) == 3
    assert sorted(told["files"]) == ["csv", "json", "png"]
    assert told["curve"]["metrics"] == ["auc", "accuracy"]
    again = json.loads(call(*words).stdout)
    assert again["cached"] and again["run_id"] == told["run_id"]


@pytest.mark.slow
def test_a_curve_that_is_paid_for_as_a_whole(mine: str) -> None:
    assert call("budget", "set", mine, "--epsilon", "3").exit_code == 0
    with pytest.raises(BudgetError, match=r"found curve of mine, 4 trainings together, with which .* \(so far 0\)"):
        failed("curve", mine, "--epsilons", "1,2", "--seeds", "2")
    assert transact(here(), lambda link: Books(link).all_charges()) == []
    result = call("curve", mine, "--epsilons", "1", "--seeds", "2", "--json")
    assert result.exit_code == 0, result.output

    assert all(run["privacy"] for run in json.loads(result.stdout)["curve"]["runs"])
    charges = transact(here(), lambda link: Books(link).all_charges())
    assert [charge.state for _, charge in charges] == ["committed"] * 2


def failed(*words: str) -> None:
    """Raises what the command ends with."""
    error = call(*words).exception
    assert isinstance(error, LeptonError), error
    raise error


@pytest.mark.slow
def test_a_killed_curve_goes_on_and_pays_once(mine: str, home: Path) -> None:
    assert call("budget", "set", mine, "--epsilon", "3").exit_code == 0
    words = ("curve", mine, "--epsilons", "0.5,1", "--seeds", "1", "--json")
    killed = subprocess.Popen([sys.executable, "-m", "flows.cli", "privacy", *words], stdout=subprocess.DEVNULL)
    while killed.poll() is None and not list((home / "reports").glob("*")):
        time.sleep(0.05)  # until the first model is measured
    killed.kill()
    killed.wait()
    (model,) = (home / "packages").glob("[!.]*")
    made = model.stat().st_mtime_ns
    result = call(*words)

    assert result.exit_code == 0, result.output
    assert model.stat().st_mtime_ns == made
    charges = transact(here(), lambda link: Books(link).all_charges())
    assert [(charge.state, charge.attempt) for _, charge in charges] == [("committed", 1)] * 2
