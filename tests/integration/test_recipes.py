"""Every recipe that comes with Lepton, on its real data, to a promoted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.recipe import load_recipe, recipe_names
from tests.integration.loans import lepton


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).ingest.sample])
def test_it_ends_in_a_promoted_model(name: str, tmp_path: Path) -> None:
    ended = lepton(tmp_path / "home", "run", name, "--json", seconds=1400)
    assert ended.code == 0, ended.err
    assert ended.summary["models"][-1]["alias"] == "champion"
    metrics = ended.summary["models"][-1]["metrics"]
    for threshold in load_recipe(name).gate.thresholds:
        reached = metrics[threshold.metric]
        assert reached >= threshold.bound if threshold.kind == "minimum" else reached <= threshold.bound
