"""The stage as the pipeline calls it."""

from __future__ import annotations

from pathlib import Path

from tasks.augment.config import AugmentOptions
from tasks.augment.steps import augment
from tasks.step import step_key
from tests.augment.conftest import Make


def test_without_methods_the_version_stays_as_it_is(make: Make, home: Path) -> None:
    dataset = make(["x y"], [("a b", "one")])

    assert augment.fn("banking", AugmentOptions(), dataset) == dataset
    assert not (home / "datasets").exists()


def test_the_key_tells_options_apart(make: Make) -> None:
    dataset = make(["x y"], [("a b", "one")])
    one, other = (AugmentOptions.model_validate({"methods": [{"method": "swap", "copies": n}]}) for n in (1, 2))

    assert step_key(augment, "banking", one, dataset) != step_key(augment, "banking", other, dataset)
