"""The folders of a study's trials, and their processes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from flows.recipe import Recipe, overridden
from flows.tuning.machines import Machines
from flows.tuning.trial import MODULE, TrialSpec
from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.tune.running import Process
from tasks.tune.trials import Draw, Trials, has_ended


class TrialFolders:
    """Starts trials, each in a folder named by what it trains, so that the same trial finds its checkpoints again."""

    def __init__(
        self, recipe: Recipe, dataset: DatasetRef, weights: Path | None, trials: Trials, machines: Machines
    ) -> None:
        self.recipe, self.dataset, self.weights, self.trials, self.machines = recipe, dataset, weights, trials, machines
        self._folders: dict[int, Path] = {}

    def start(self, draw: Draw, slot: int) -> Process:
        """Start the training of a trial; raises RecipeError where the recipe refuses its values."""
        options = trial_options(self.recipe, draw.values)
        name = hashlib.sha256(options.model_dump_json().encode()).hexdigest()[:16]
        folder = self._folders[draw.number] = self.trials.plan.folder / "trials" / name
        folder.mkdir(parents=True, exist_ok=True)
        spec = TrialSpec(
            options=options,
            dataset=self.dataset,
            weights=self.weights,
            folder=folder,
        )
        file = folder / "trial.json"
        file.write_text(spec.model_dump_json(indent=2), encoding="utf-8")
        return self.machines.start(MODULE, str(file), folder / "logs" / "trial.log", slot)

    def started(self, draw: Draw) -> None:
        """Nothing to do: the folder is there."""

    def measured(self, number: int, metrics: Mapping[str, float]) -> None:
        """Nothing to do: the trial keeps it itself."""

    def ended(self, number: int) -> None:
        """Remove what a trial that will not go on leaves, which are gigabytes; its logs stay."""
        folder = self._folders.get(number)
        if folder and has_ended(self.trials.all()[number]):
            shutil.rmtree(folder / "work", ignore_errors=True)


def trial_options(recipe: Recipe, values: Mapping[str, str]) -> TrainOptions:
    """What a trial trains: the recipe with the values laid over it, and rows kept back to judge it by."""
    options = overridden(recipe, overrides_of(values)).train
    if options.validation_share:
        return options
    return options.model_copy(update={"validation_share": recipe.tune.validation_share})


def overrides_of(values: Mapping[str, str]) -> list[str]:
    """As `--set` has them."""
    return [f"{option}={text}" for option, text in values.items()]
