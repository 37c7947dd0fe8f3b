"""Make new train rows out of those that are there."""

from __future__ import annotations

from infra.settings.home import HomeSettings
from tasks.augment.config import AugmentOptions
from tasks.data.references import DatasetRef
from tasks.step import step


@step
def augment(name: str, options: AugmentOptions, dataset: DatasetRef) -> DatasetRef:
    """From the clean version to one with more train rows; without methods the clean version itself."""
    from tasks.augment.augment import augment as core

    return core(options, dataset, HomeSettings().datasets / f"{name}-augmented") if options.methods else dataset
