"""What the launcher tells a worker."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.train.config import TrainOptions


class TrainSpec(BaseModel):
    """One worker's part in one training.

    Attributes:
        weights: folder of the pretrained encoder, for texts.
        work: folder of the checkpoints.
        package: where the chief puts the model package.
        worker: this worker's number; worker 0 is the chief.
        ports: on loopback, one a worker.
        cores: the processor cores to use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    options: TrainOptions
    dataset_path: str
    dataset_digest: str
    weights: Path | None
    work: Path
    package: Path
    worker: int
    ports: tuple[int, ...]
    cores: tuple[int, ...]

    @property
    def workers(self) -> int:
        """Workers of this training."""
        return len(self.ports)

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes checkpoints and the package."""
        return self.worker == 0

    @property
    def identity(self) -> str:
        """SHA-256 over what decides the training's course; a checkpoint of another one is of no use."""
        unrelated = {"max_restarts", "checkpoint_steps", "workers"}
        text = self.options.model_dump_json(exclude=unrelated) + self.dataset_digest + str(self.workers)
        return hashlib.sha256(text.encode()).hexdigest()
