"""Raw data to the data set version that a model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.recipe import Recipe
from flows.stages import Stages
from flows.summary import DatasetSummary
from tasks.augment.steps import augment
from tasks.clean.steps import clean
from tasks.data.references import DatasetRef
from tasks.ingest.drift.drift import read_drift
from tasks.ingest.steps import base_version, ingest, locate
from tasks.label.steps import answers_of, label


@dataclass(frozen=True)
class Prepared:
    """The versions of one preparation, each made from the one before it; the last is the one to learn from."""

    versions: tuple[DatasetRef, ...]

    @property
    def dataset(self) -> DatasetRef:
        """The version to learn from."""
        return self.versions[-1]

    @property
    def told(self) -> DatasetRef:
        """The last version with the counts of all: rows read at first, rows in every quarantine."""
        counts = {"rows_in": self.versions[0].rows_in, "quarantined": sum(one.quarantined for one in self.versions)}
        return self.dataset.model_copy(update=counts)

    def summary(self) -> DatasetSummary:
        """As the run's summary tells it."""
        drift = read_drift(Path(self.versions[0].path))
        counts = self.told.model_dump(include=set(DatasetSummary.model_fields))
        return DatasetSummary(**counts, drift=drift.lines() if drift else [])


def cleaned(recipe: Recipe, stages: Stages) -> Prepared:
    """Ingest and clean. What is there already is not made again."""
    base = base_version(recipe.name, recipe.ingest)
    source = locate(recipe.ingest, base)
    raw = stages.run("ingest", ingest, recipe.name, recipe.ingest, source, base)
    return Prepared((raw, stages.run("clean", clean, recipe.name, recipe.clean, raw)))


def prepared(recipe: Recipe, stages: Stages) -> Prepared:
    """Ingest, clean, label and augment; the last two where the recipe has them do something."""
    found = cleaned(recipe, stages)
    if recipe.label.enabled:
        answers = answers_of(recipe.name, recipe.label)
        labelled = stages.run("label", label, recipe.name, recipe.label, found.dataset, answers)
        found = Prepared((*found.versions, labelled))
    if recipe.augment.methods:
        grown = stages.run("augment", augment, recipe.name, recipe.augment, found.dataset)
        found = Prepared((*found.versions, grown))
    return found
