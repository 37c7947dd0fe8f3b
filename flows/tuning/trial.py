"""One trial of a search, as a process of its own: it trains as a spec file says, and can be stopped at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.cores import take_share
from infra.environment import configure
from infra.processes import child_main, emit
from tasks.data.references import Reference
from tasks.lessons.config import TrainOptions
from tasks.train.launcher import train

MODULE = "flows.tuning.trial"


class TrialSpec(BaseModel):
    """What a trial trains.

    Attributes:
        weights: what training begins from, where it does so from something: an encoder's folder, or a package.
        folder: where its checkpoints and logs lie; a trial that was killed finds there how far it came.
    """

    model_config = ConfigDict(frozen=True)

    options: TrainOptions
    dataset: Reference
    weights: Path | None
    folder: Path


def work(spec_file: str) -> dict[str, Any]:
    """Train, and send on what the workers say."""
    configure()
    spec = TrialSpec.model_validate_json(Path(spec_file).read_text(encoding="utf-8"))
    take_share()
    return train(
        spec.options,
        dataset_path=spec.dataset.path,
        dataset_digest=spec.dataset.digest,
        weights=spec.weights,
        work=spec.folder / "work",
        package=None,
        log_folder=spec.folder / "logs",
        on_event=emit,
    )


if __name__ == "__main__":
    child_main(work)
