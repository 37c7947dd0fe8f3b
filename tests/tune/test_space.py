from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.recipe import load_recipe
from flows.yaml_text import read_yaml
from infra.errors import RecipeError
from tasks.lessons.config import TrainOptions
from tasks.tune.config import SearchRange, TuneOptions
from tasks.tune.space import draw, highest, point_of, texts
from tasks.tune.study import identity_of
from tests.tune.conftest import TRAIN, tune_options

RATE = "train.optimizer.learning_rate"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"low": 2, "high": 1}, "low: found 2, above high 1"),
        ({"low": 1, "high": 1}, "low: found 1, as large as high; an empty range"),
        ({}, "low: found 0, as large as high; an empty range"),
        ({"low": 0, "high": 1, "log": True}, "log: found with low 0"),
        ({"low": 1, "high": 9, "log": True, "step": 1}, "log: found with low 1 and step 1"),
        ({"low": 1, "high": 2, "step": 5}, "step: found 5, longer than"),
        ({"low": 0.5, "high": 2, "kind": "whole"}, "kind: found whole with 0.5"),
        ({"choices": ["a"]}, r"choices: found \['a'\]; give two or more"),
        ({"choices": ["a", "a"]}, "give two or more that differ"),
        ({"choices": ["a", "b"], "low": 1}, "choices: found beside low"),
        ({"choices": ["a", "b"], "kind": "number", "high": 3}, "choices: found with kind number"),
    ],
)
def test_a_range_without_values_is_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        SearchRange.model_validate({"option": RATE, **values})


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ("[{option: train.optimizer.rate, low: 0, high: 1}]", "tune.space.0.option: found train.optimizer.rate"),
        ("[{option: train.optimizer, low: 0, high: 1}]", "found train.optimizer, a group"),
        ("[{option: clean.engine, choices: [dask, spark]}]", "tune.space.0.option"),
        ("[{option: train.batch_size, low: 8, high: 64}]", "tune.space.0.kind: found number for a whole"),
        ("[{option: train.seed, kind: whole, low: 0, high: 9}]", "it is the same in all trials, leave it out"),
        ("[{option: train.loss.label_smoothing, low: 0, high: 0.2}]", "which val_loss is made of"),
        ("[{option: train.dropout, low: 0, high: 1}, {option: train.dropout, low: 0, high: 1}]", "twice"),
    ],
)
def test_a_space_that_the_recipe_has_not_is_refused_in_one_line(space: str, text: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe("news", [f"tune={{metric: val_loss, space: {space}}}"])
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_where_rows_of_a_batch_are_each_others_wrong_answers_its_size_is_not_searched() -> None:
    space = "tune.space=[{option: train.batch_size, choices: [16, 32]}]"
    with pytest.raises(RecipeError, match="answers are ranked within a batch"):
        load_recipe("answers", [space])
    assert load_recipe("news", [space]).tune.space[0].choices == ["16", "32"]


@pytest.mark.parametrize(
    ("metric", "direction", "maximizes"),
    [
        ("val_accuracy", "by_name", True),
        ("val_mrr", "by_name", True),
        ("val_loss", "by_name", False),
        ("val_price_rmse", "by_name", False),
        ("val_accuracy", "minimize", False),
        ("val_loss", "maximize", True),
    ],
)
def test_which_way_is_better_is_told_by_the_name_unless_it_is_said(
    metric: str, direction: Any, maximizes: bool
) -> None:
    assert TuneOptions(metric=metric, direction=direction).maximizes is maximizes


@settings(max_examples=30)
@given(st.integers(0, 2**16), st.floats(1e-6, 1e3), st.floats(1.001, 1e4))
def test_every_draw_is_a_recipes_value_within_its_range(seed: int, low: float, ratio: float) -> None:
    import optuna

    space = [
        SearchRange(option=RATE, low=low, high=low * ratio, log=True),
        SearchRange(option="train.epochs", kind="whole", low=2, high=8, step=3),
        SearchRange(option="train.dropout", low=0, high=0.5, step=0.25),
        SearchRange(option="train.hidden_units", choices=["[8]", "[8, 4]"]),
    ]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask()
    values = {option: read_yaml(text) for option, text in draw(trial, space).items()}
    assert low <= values[RATE] <= low * ratio
    assert values["train.epochs"] in (2, 5, 8)
    assert values["train.dropout"] in (0, 0.25, 0.5)
    assert values["train.hidden_units"] in ([8], [8, 4])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_its_text(value: float) -> None:
    assert float(read_yaml(texts({"a": value})["a"])) == value


def test_the_recipes_own_point_is_found_only_inside_the_space() -> None:
    space = tune_options().space
    assert point_of(TRAIN, space, read_yaml) == {
        RATE: 1e-4,
        "train.encoder.frozen_layers": 0,
        "train.batch_size": "32",
    }
    for outside in ({"batch_size": 64}, {"optimizer": {"learning_rate": 1.0}}, {"encoder": {"frozen_layers": 5}}):
        options = TrainOptions.model_validate({"task": "text_classification", **outside})
        assert point_of(options, space, read_yaml) == {}


def test_the_most_epochs_that_a_trial_may_take() -> None:
    epochs = SearchRange(option="train.epochs", kind="whole", low=2, high=9)
    assert highest([epochs], "train.epochs", 3) == 9
    assert highest(tune_options().space, "train.epochs", 3) == 3
    assert highest([SearchRange(option="train.epochs", choices=["5", "20"])], "train.epochs", 3) == 20


def test_a_recipe_is_written_as_it_was_read_with_the_best_values_in_it(tmp_path: Path) -> None:
    from flows.recipe import recipe_text

    overrides = [f"{RATE}=0.00123", "train.hidden_units=[64]"]
    recipe = load_recipe("income")
    (tmp_path / "best.yaml").write_text(recipe_text(recipe, overrides, "Found"))
    written = load_recipe(str(tmp_path / "best.yaml"))
    assert written == load_recipe("income", overrides)
    assert "max_restarts" not in (tmp_path / "best.yaml").read_text()  # nobody set it


@pytest.mark.parametrize(
    "word", ["1e3", "010", "on", "12:30", "null", "0x10", "1_000", "2024-01-31", "a: b", "", "yes"]
)
def test_a_written_word_stays_a_word(word: str) -> None:
    import yaml

    from flows.yaml_text import write_yaml

    assert read_yaml(write_yaml({"a": [word]})) == {"a": [word]} == yaml.safe_load(write_yaml({"a": [word]}))


def test_a_study_is_of_data_and_of_options_that_are_not_searched() -> None:
    def identity(data: str = "d", **changes: Any) -> str:
        return identity_of(tune_options(), TrainOptions.model_validate({**TRAIN.model_dump(), **changes}), [data])

    same = identity()
    assert identity(batch_size=16) == same  # searched
    assert identity(dropout=0.1) == same  # the default, said
    of_units = tune_options(space=[{"option": "train.hidden_units", "choices": ["[8]", "[8, 4]"]}])
    trains = [TrainOptions(task="text_classification", hidden_units=units) for units in ([8], [8, 4])]
    assert len({identity_of(of_units, train, ["d"]) for train in trains}) == 1  # a list that is searched
    assert len({same, identity("e"), identity(dropout=0.2), identity(epochs=5)}) == 4
    assert identity_of(tune_options(seed=8), TRAIN, ["d"]) != same
