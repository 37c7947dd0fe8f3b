"""The typed parameters of a pipeline: read from YAML, overridden by `--set`, shown as a form in the Prefect UI."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from flows.yaml_text import read_yaml, write_yaml
from infra.errors import RecipeError
from tasks.augment.config import AugmentOptions
from tasks.clean.config import CleanOptions
from tasks.compress.config import CompressOptions
from tasks.compress.private import refusal
from tasks.data.split import OUTPUTS
from tasks.evaluate.config import EvaluateOptions
from tasks.ingest.config import IngestOptions
from tasks.label.config import LabelOptions
from tasks.lessons.config import TrainOptions
from tasks.lessons.mitigation.config import MitigateOptions
from tasks.lessons.mitigation.refusals import check_mitigation
from tasks.options import LEARNED_COLUMNS, Options
from tasks.register.config import GateOptions
from tasks.tune.config import TuneOptions
from tasks.tune.space import check_space

RECIPES = Path(__file__).parent / "recipes"


class Recipe(Options):
    """One pipeline, from raw data to a promoted model."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="Name of the recipe, and of its model in the registry.")
    description: str = Field(default="", description="What it is for, in a sentence.")
    owner: str = Field(default="", description="Who answers for the model: a name or a team, and how to reach them.")
    intended_use: str = Field(default="", description="Who should use the model, for which decisions.")
    limits: list[str] = Field(default=[], description="What the model is not for, a sentence each.")
    ingest: IngestOptions = Field(description="What to read, and what must hold for every row.")
    clean: CleanOptions = Field(description="Rules, and the engine that applies them.")
    label: LabelOptions = Field(default=LabelOptions(), description="Labels from people and from functions.")
    augment: AugmentOptions = Field(default=AugmentOptions(), description="New train rows out of those that are there.")
    train: TrainOptions = Field(description="What is learned, and how.")
    mitigate: MitigateOptions = Field(
        default=MitigateOptions(), description="Which mitigations are compared with the training's own."
    )
    compress: CompressOptions = Field(default=CompressOptions(), description="How the model is made small.")
    evaluate: EvaluateOptions = Field(default=EvaluateOptions(), description="How models are measured.")
    gate: GateOptions = Field(description="What a model must reach to be promoted.")
    tune: TuneOptions = Field(default=TuneOptions(), description="What `lepton tune` searches over.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [column.name for column in self.ingest.contract]
        absent = [name for name in self.train.learned_columns if name not in names]
        may_be_added = any(":" in rule or rule == "flag_missing" for rule in self.clean.rules)
        if absent and not may_be_added:
            raise ValueError(f"ingest.contract: found no column {absent}, which train.task {self.train.task} needs")
        self._check_heads()
        if self.evaluate.fairness.protected:
            self._check_protected(names, may_be_added)
        sampled = sorted({"weigh_sample", "balance_sample"} & set(self.clean.rules))
        if sampled and (self.label.enabled or self.augment.balance_to):
            after = "label gives labels" if self.label.enabled else "augment.balance_to makes rows"
            raise ValueError(f"clean.rules: found {sampled[0]}, which runs before {after}; leave one of them out")
        is_loose = any(column.name == "label" and column.nullable for column in self.ingest.contract)
        is_filled = self.label.enabled or "drop_missing" in self.clean.rules
        if is_loose and "label" in LEARNED_COLUMNS[self.train.task] and not is_filled:
            raise ValueError(
                "ingest.contract: found a label that may be missing, and nothing that gives one; "
                "set label.people.use or label.weak, add drop_missing to clean.rules, or leave out nullable"
            )
        self._check_mitigation()
        check_space(self.tune, self.train)
        if self.train.privacy.is_on:
            self._check_private()
        return self

    def _check_mitigation(self) -> None:
        """Protected columns are no features, unless that is said; each training that is compared must be possible."""
        features = {*self.train.numeric, *self.train.categorical}
        protected = sorted(features & set(self.train.mitigation.protected))
        if self.train.mitigation.is_on and protected and not self.evaluate.fairness.allow_as_features:
            raise ValueError(
                f"train.mitigation.protected: found {protected[0]}, a feature; take it out of train.numeric and "
                "train.categorical, or set evaluate.fairness.allow_as_features"
            )
        compared = self.mitigate.compare
        if compared and not self.evaluate.fairness.protected:
            raise ValueError(
                f"mitigate.compare: found {compared[0]} and no evaluate.fairness.protected; name the columns that "
                "disparity is measured by"
            )
        for method in self.mitigate.ways(self.train.mitigation.method):
            if method != "none":
                check_mitigation(self.train.mitigated_by(method))

    def _check_heads(self) -> None:
        """What heads learn must be known as truth by all stages before, and tags stay with their words."""
        strange = [head.column for head in self.train.heads if head.column not in OUTPUTS]
        if strange:
            raise ValueError(
                f"train.heads: found the column {strange[0]}, which the split and the rules would take for an input; "
                f"call it {', '.join(OUTPUTS)}, for example by ingest.columns"
            )
        tagged = [head.column for head in self.train.heads if head.kind == "tagging" and head.column != "tags"]
        if tagged and self.augment.methods:
            raise ValueError(f"augment.methods: found with tags in {tagged[0]}; call that column tags")

    def _check_protected(self, names: Sequence[str], may_be_added: bool) -> None:
        """Protected columns are there, are no inputs unless that is said, and what is told of persons is a class."""
        fairness, option = self.evaluate.fairness, "evaluate.fairness.protected"
        inputs = [*self.train.numeric, *self.train.categorical]
        learned = [column for column in fairness.protected if column in inputs]
        if learned and not fairness.allow_as_features:
            raise ValueError(
                f"{option}: found {', '.join(learned)} in train.numeric or train.categorical; take them out there, or "
                "set evaluate.fairness.allow_as_features"
            )
        if self.train.task not in ("tabular_classification", "text_classification"):
            raise ValueError(f"{option}: found with train.task {self.train.task}; leave it empty, it is for classes")
        absent = [column for column in fairness.protected if column not in names]
        if absent and not may_be_added:
            raise ValueError(f"{option}: found no column {absent} in ingest.contract; add it there")
        classes = [allowed for column in self.ingest.contract if column.name == "label" for allowed in column.allowed]
        if classes and fairness.favourable and fairness.favourable not in classes:
            raise ValueError(
                f"evaluate.fairness.favourable: found {fairness.favourable}, no class of ingest.contract; "
                f"take one of {', '.join(classes)}"
            )

    def _check_private(self) -> None:
        """What would give rows a say that the noise does not cover, before or after training."""
        if self.augment.methods:
            raise ValueError(
                f"augment.methods: found {len(self.augment.methods)} with train.privacy; copies of a row would count "
                "several times, leave them out"
            )
        found, free = refusal(self.compress)
        if found:
            raise ValueError(f"compress.steps: found {found}; take {free}")

    def digest(self) -> str:
        """SHA-256 of all parameters."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def recipe_names() -> list[str]:
    """Names of the recipes that come with Lepton."""
    return sorted(file.stem for file in RECIPES.glob("*.yaml"))


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe called `name`, or in the YAML file `name`, with `a.b=value` overrides laid over it.

    Raises:
        RecipeError: no such recipe, a malformed override, or a value that the recipe refuses.
    """
    return _validated(name, _read(name), overrides)


def overridden(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """The recipe with `a.b=value` overrides laid over it; raises RecipeError where it refuses them."""
    return _validated(recipe.name, recipe.model_dump(mode="json"), overrides)


def _validated(name: str, content: dict[str, Any], overrides: Sequence[str]) -> Recipe:
    for override in overrides:
        _override(content, override)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise _explained(name, error) from None


def recipe_text(recipe: Recipe, overrides: Sequence[str], heading: str) -> str:
    """The recipe with overrides as a file that `load_recipe` takes: what its author set, and what is laid over it."""
    whole = overridden(recipe, overrides)
    content = recipe.model_dump(mode="json", exclude_unset=True)
    for override in overrides:
        _override(content, override)
    try:
        is_same = Recipe.model_validate(content) == whole
    except ValidationError:
        is_same = False  # a group that was not set has values of its own as its default
    return f"# {heading}\n" + write_yaml(content if is_same else whole.model_dump(mode="json"))


def _read(name: str) -> dict[str, Any]:
    is_file = name.endswith((".yaml", ".yml"))
    file = Path(name) if is_file else RECIPES / f"{name}.yaml"
    if not file.is_file() or (not is_file and name not in recipe_names()):
        raise RecipeError(
            "recipe",
            found=repr(name),
            allowed=f"{', '.join(recipe_names())}, or the path of a .yaml file",
            action="`lepton recipes` lists them.",
        )
    try:
        content = read_yaml(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(str(file), found=str(error), allowed="YAML in UTF-8", action="Fix the file.") from None
    if not isinstance(content, dict):
        raise RecipeError(str(file), found=type(content).__name__, allowed="a mapping", action="Fix the file.")
    return content


def _override(content: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise RecipeError(
            "--set", found=repr(override), allowed="name.of.option=value", action="For example --set train.epochs=5."
        )
    *parents, last = path.split(".")
    target: Any = content
    try:
        for parent in parents:
            target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
        value = read_yaml(text) if text else ""
        if isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value
    except (TypeError, ValueError, IndexError, AttributeError, yaml.YAMLError):
        raise RecipeError(
            f"--set {path}",
            found=repr(text),
            allowed="an option of the recipe and a YAML value",
            action="`lepton recipes NAME` shows all options; list items are named by number, from 0.",
        ) from None


def _explained(name: str, error: ValidationError) -> RecipeError:
    """The first problem in one line, with the field's path and what it accepts."""
    first = error.errors()[0]
    path = [part for part in first["loc"] if part != "function-after"]
    field = ".".join(str(part) for part in path) or name
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(_fields_beside(path))
        return RecipeError(field, found="an unknown option", allowed=allowed, action="Check the spelling.")
    if first["type"] == "missing":
        return RecipeError(field, found="nothing", allowed=_description(path), action=f"Add it to recipe {name}.")
    if first["type"] == "value_error":
        subject, _, rest = str(first["ctx"]["error"]).partition(": found ")
        found, _, action = rest.partition("; ")
        inside = f"{field}." if path else ""
        return RecipeError(f"{inside}{subject}", found=found, allowed="what goes together", action=action or "Fix it.")
    return RecipeError(field, found=repr(first["input"]), allowed=first["msg"], action=_description(path))


def _model_at(path: Sequence[str | int]) -> type[BaseModel] | None:
    model: Any = Recipe
    for part in path:
        if isinstance(part, int):
            continue
        annotation: Any = model.model_fields[part].annotation if part in model.model_fields else None
        arguments = getattr(annotation, "__args__", ())
        model = arguments[0] if arguments and getattr(annotation, "__origin__", None) is list else annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return None
    return model if isinstance(model, type) else None


def _fields_beside(path: Sequence[str | int]) -> list[str]:
    model = _model_at(path[:-1])
    return sorted(model.model_fields) if model else []


def _description(path: Sequence[str | int]) -> str:
    model = _model_at(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model and path else None
    return (field.description or "") if field else ""
