"""The commands on the pages are commands that there are, on recipes and options that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
import yaml
from prefect import Flow
from typer.main import get_command

from flows.cli import app
from flows.compressing.plan import Plan
from flows.recipe import load_recipe
from infra.settings.home import checkout
from tasks.clean.rules import known_rules
from tasks.compress.config import CompressOptions
from tasks.dp.config import PrivacyOptions
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.explain.config import ExplainOptions
from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.robustness.config import RobustnessOptions
from tasks.evaluate.slices.config import SliceOptions
from tasks.lessons.config import TrainOptions
from tasks.lessons.mitigation.config import MitigationOptions
from tasks.options import Options

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{page.name}" for page in (checkout() / "docs").glob("*.md"))]
# Rules that the page itself has the reader write; tests/clean/test_adding_a_rule.py does so.
WRITTEN_BY_THE_READER = ("drop_shouting",)


def commands(program: str) -> list[list[str]]:
    found = []
    for page in PAGES:
        blocks = re.findall(r"^```\w*\n(.*?)^```$", (checkout() / page).read_text(encoding="utf-8"), re.DOTALL | re.M)
        lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
        found += [shlex.split(line, comments=True)[1:] for line in lines if line.startswith(program + " ")]
    return found


@pytest.mark.parametrize("words", commands("lepton"), ids=" ".join)
def test_a_lepton_command(words: list[str]) -> None:
    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    values = command.make_context(words[0], words[1:]).params
    overrides = [
        each for each in values.get("overrides") or [] if not any(name in each for name in WRITTEN_BY_THE_READER)
    ]
    if words[0] == "run":
        assert load_recipe(values["recipe"], overrides).name


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_a_make_target(words: list[str]) -> None:
    makefile = (checkout() / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)


def test_prefect_yaml_names_a_flow_that_there_is() -> None:
    content = yaml.safe_load((checkout() / "prefect.yaml").read_text(encoding="utf-8"))
    for deployment in content["deployments"]:
        place, _, function = deployment["entrypoint"].partition(":")
        module = place.removesuffix(".py").replace("/", ".")
        assert isinstance(getattr(import_module(module), function), Flow)


def test_the_page_on_cleaning_has_every_rule_once() -> None:
    page = (checkout() / "docs/cleaning.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(heads))) == sorted(known_rules())


def test_the_page_on_training_has_every_option_once() -> None:
    page = (checkout() / "docs/training.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    elsewhere = ("privacy.", "mitigation.")
    named = [name for name in option_names(TrainOptions) if not name.startswith(elsewhere)]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(named)


def test_the_page_on_fairness_has_every_option_of_mitigation_once() -> None:
    page = (checkout() / "docs/fairness.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page[page.index("## Mitigation") :].splitlines() if line.startswith("| `")]
    named = [f"train.mitigation.{name}" for name in option_names(MitigationOptions)]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted([*named, "mitigate.compare"])


def test_the_page_on_fairness_has_every_option_of_fairness_once() -> None:
    page = (checkout() / "docs/fairness.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page[: page.index("## Mitigation")].splitlines() if line.startswith("| `")]
    named = [f"evaluate.fairness.{name}" for name in option_names(FairnessOptions)]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(named)


def test_the_page_on_privacy_has_every_option_once() -> None:
    page = (checkout() / "docs/privacy.md").read_text(encoding="utf-8")
    section = page[page.index("## Options") : page.index("Of other options of `train`")]
    heads = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(option_names(PrivacyOptions))


def test_the_page_on_compression_has_every_option_once() -> None:
    page = (checkout() / "docs/compression.md").read_text(encoding="utf-8")
    section = page[page.index("| option | what it does |") : page.index("## The search")]
    heads = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(option_names(CompressOptions))


def test_the_page_on_slices_and_robustness_has_every_option_once() -> None:
    page = (checkout() / "docs/slices-and-robustness.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page.splitlines() if re.match(r"\| `\w+`[ ,]", line)]
    named = [*option_names(SliceOptions), *option_names(RobustnessOptions)]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(named)


def test_the_page_on_explanations_has_every_option_once() -> None:
    page = (checkout() / "docs/explanations.md").read_text(encoding="utf-8")
    section = page[page.index("## Options") : page.index("## How long")]
    heads = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([\w.]+)`", " ".join(heads))) == sorted(option_names(ExplainOptions))


def test_the_page_on_evaluation_has_every_option_once() -> None:
    page = (checkout() / "docs/evaluation.md").read_text(encoding="utf-8")
    section = page[page.index("## Options") : page.index("## What is not there")]
    heads = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    elsewhere = ("slices.", "fairness.", "robustness.", "explain.")
    named = [name for name in option_names(EvaluateOptions) if not name.startswith(elsewhere)]
    assert sorted(set(re.findall(r"`([\w.]+)`", " ".join(heads))) - {"evaluate."}) == sorted(named)


def test_the_page_on_compression_has_chains_that_make_a_plan() -> None:
    page = (checkout() / "docs/compression.md").read_text(encoding="utf-8")
    (content,) = re.findall(r"^```yaml\n# chains\.yaml\n(.*?)^```$", page, re.DOTALL | re.M)
    assert [chain.name for chain in Plan.model_validate(yaml.safe_load(content)).chains] == ["gentle", "four-layers"]


def option_names(options: type[Options], prefix: str = "") -> Iterator[str]:
    """As `--set` has them below the group's own name; those of a list's entries without their place."""
    for name, field in options.model_fields.items():
        of_list: tuple[Any, ...] = get_args(field.annotation)
        group = of_list[0] if of_list else field.annotation
        if isinstance(group, type) and issubclass(group, Options):
            yield from option_names(group, f"{prefix}{name}.")
        else:
            yield prefix + name
