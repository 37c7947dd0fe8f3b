from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from flows.compressing.plan import Plan, plan_for, read_plan
from infra.errors import RecipeError
from tasks.compress.chain import CONVERTING, Method
from tasks.compress.config import CompressOptions
from tasks.compress.groups import GROUPS, only
from tasks.options import Task


@pytest.mark.parametrize("task", get_args(Task))
def test_every_kind_of_model_has_a_plan_of_chains_that_make_sense(task: Task) -> None:
    chains = plan_for(task).chains
    assert chains[0].steps == ["int8"] and not chains[0].after, "the gentlest comes first"
    assert all(chain.steps[-1] in CONVERTING for chain in chains)
    assert len({only(chain, chain.steps).model_dump_json() for chain in chains}) == len(chains), "two are the same"


def test_every_group_of_options_belongs_to_a_method() -> None:
    assert set(GROUPS) <= set(get_args(Method))
    assert sorted(set(GROUPS.values()) | {"steps"}) == sorted(CompressOptions.model_fields)


def test_options_of_other_methods_do_not_tell_two_steps_apart() -> None:
    one = CompressOptions.model_validate({"steps": ["prune", "int8"], "prune": {"sparsity": 0.8}})
    other = one.model_copy(update={"layers": one.layers.model_copy(update={"keep": 2})})
    assert only(one, ["prune"]) == only(other, ["prune"])
    assert only(one, ["prune"]).prune.sparsity == 0.8
    assert only(one, ["int8"]) == CompressOptions(), "as a recipe without options of its own has it"


def test_a_file_with_chains(tmp_path: Path) -> None:
    file = tmp_path / "chains.yaml"
    file.write_text(
        "chains:\n"
        "  - {name: gentle, steps: [int8]}\n"
        "  - {name: strong, steps: [fine_tune, int8], fine_tune: {epochs: 1}, after: gentle}\n"
    )
    gentle, strong = read_plan(str(file)).chains
    assert (gentle.name, strong.after, strong.fine_tune.epochs) == ("gentle", "gentle", 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("chains: []", r"found no chain; allowed: chains: a list with a name and steps"),
        ("{}", r"found no chain"),
        ("[int8]", r"found \['int8'\] at the file"),
        ("chains: [", r"allowed: YAML in UTF-8"),
        ("chains: [{steps: [int8]}]", r"chains\.0\.name; allowed: Field required"),
        ("chains: [{name: A b, steps: [int8]}]", r"found 'A b' at chains\.0\.name; allowed: String should match"),
        ("chains: [{name: a, steps: [shrink]}]", r"found 'shrink' at chains\.0\.steps\.0; allowed: Input should be"),
        ("chains: [{name: a, steps: [int8], epochs: 3}]", r"found an unknown option at chains\.0\.epochs"),
        ("chains: [{name: a, steps: [int8, prune]}]", r"found int8 before prune; .*At chains\.0: int8 writes a TFL"),
        ("chains: [{name: a, steps: [int8]}, {name: a, steps: [float16]}]", r"found the name a twice"),
        ("chains: [{name: parent, steps: [int8]}]", r"found the name parent taken"),
        ("chains: [{name: a, steps: [int8], after: b}]", r"found a after b; .*name a chain that stands before it"),
    ],
)
def test_a_file_that_holds_no_plan(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "chains.yaml"
    file.write_text(content)
    with pytest.raises(RecipeError, match=rf"^--chains .*chains\.yaml: .*{told}"):
        read_plan(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--chains .*none\.yaml: found No such file"):
        read_plan(str(tmp_path / "none.yaml"))


def test_a_chain_after_itself_is_no_order() -> None:
    with pytest.raises(ValidationError, match="found a after a"):
        Plan.model_validate({"chains": [{"name": "a", "steps": ["int8"], "after": "a"}]})
