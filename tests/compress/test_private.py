"""Compression of a model whose training was private."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from flows.compressing.plan import plan_for
from infra.errors import RecipeError
from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.private import WITHOUT_ROWS, check_private, steps_on_rows
from tasks.compress.spec import CompressSpec
from tasks.compress.worker import compress
from tasks.dp.record import PRIVACY
from tasks.options import Task
from tests.packages import inputs, make_dataset

NO_TUNING = {"tuning": {"epochs": 0}}
BY_WEIGHTS: dict[str, Any] = {
    "heads": {"score": "l1"},
    "neurons": {"score": "l2"},
    "prune": NO_TUNING,
    "two_of_four": {"epochs": 0},
    "cluster": NO_TUNING,
    "quantise_aware": NO_TUNING,
    "factorise": {"dense_share": 0.5},
}


@pytest.mark.parametrize("method", get_args(Method))
def test_a_step_goes_by_the_weights_or_is_one_on_rows(method: Method) -> None:
    by_weights = CompressOptions.model_validate({**BY_WEIGHTS, "steps": [method]})
    assert (steps_on_rows(by_weights) == []) == (method in WITHOUT_ROWS)
    by_default = CompressOptions.model_validate({"steps": [method], "factorise": {"dense_share": 0.5}})
    is_free = method in WITHOUT_ROWS and not WITHOUT_ROWS[method]
    assert (steps_on_rows(by_default) == []) == is_free


def test_steps_on_rows_of_a_private_model_are_refused_by_name(tmp_path: Path) -> None:
    options = CompressOptions(steps=["drop_layers", "distil", "cluster", "int8"])
    check_private(tmp_path, options)
    (tmp_path / PRIVACY).touch()
    words = r"compress\.steps: found distil, cluster of a private model.*cluster with cluster\.tuning\.epochs 0.*int8"
    with pytest.raises(RecipeError, match=words):
        check_private(tmp_path, options)


def test_the_search_for_a_private_model_looks_at_no_rows() -> None:
    chains = plan_for("tabular_classification", private=True).chains
    assert chains[0].steps == ["int8"] and len(chains) > 1
    assert not any(steps_on_rows(chain) for chain in chains)


def test_a_child_keeps_the_record_and_a_chain_on_rows_makes_none(
    package: Callable[[Task], Path], tmp_path: Path
) -> None:
    import shutil

    parent, child = tmp_path / "parent", tmp_path / "child"
    shutil.copytree(package("tabular_classification"), parent)
    (parent / PRIVACY).write_text("what was spent")
    child.mkdir()
    data = make_dataset(inputs("tabular_classification"), tmp_path / "data", test_rows=10)

    def spec(*steps: str) -> CompressSpec:
        options = CompressOptions.model_validate({"steps": list(steps)})
        return CompressSpec(options=options, package=parent, teacher=parent, dataset=data, into=child)

    with pytest.raises(RecipeError, match="found full_int8 of a private model"):
        compress(spec("full_int8"))
    compress(spec("int8"))
    assert (child / PRIVACY).read_text() == "what was spent"
