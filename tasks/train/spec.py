"""What the launcher tells a worker."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.data.references import Reference
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import start_digest

Role = Literal["worker", "chief", "ps"]
"""Of synchronous workers worker 0 is the chief too; with a parameter server (ps) the chief is a process of its own."""


class TrainSpec(BaseModel):
    """One process's part in one training.

    Attributes:
        weights: what training begins from, where it does so from something: an encoder's folder, or a package.
        work: folder of the checkpoints.
        package: where the chief puts the model package; None: nobody wants it.
        worker: this process's number among those of its role.
        cluster: `host:port` of every process, by role.
        cores: the processor cores to use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    options: TrainOptions
    dataset_path: str
    dataset_digest: str
    weights: Path | None
    work: Path
    package: Path | None
    role: Role = "worker"
    worker: int
    cluster: dict[Role, tuple[str, ...]]
    cores: tuple[int, ...]

    @property
    def dataset(self) -> Reference:
        """The data set version."""
        return Reference(path=self.dataset_path, digest=self.dataset_digest)

    @property
    def name(self) -> str:
        """How people are told of this process."""
        return "chief" if self.role == "chief" else f"{self.role} {self.worker}"

    @property
    def file_name(self) -> str:
        """The same, for its spec and its log."""
        return self.name.replace(" ", "-")

    @property
    def address(self) -> str:
        """`host:port` of this process."""
        return self.cluster[self.role][self.worker]

    @property
    def workers(self) -> int:
        """Workers of this training."""
        return len(self.cluster["worker"])

    @property
    def is_asynchronous(self) -> bool:
        """Whether workers serve a chief, and do not wait for each other."""
        return "chief" in self.cluster

    @property
    def is_chief(self) -> bool:
        """Whether this process writes checkpoints and the package."""
        return self.role == "chief" or (self.worker == 0 and not self.is_asynchronous)

    @property
    def has_result(self) -> bool:
        """Whether this process ends by itself, with a result; the others serve until they are stopped."""
        return self.is_chief or not self.is_asynchronous

    @property
    def is_replaceable(self) -> bool:
        """Whether the others can go on while this process is started again."""
        return self.is_asynchronous and self.role == "worker"

    @property
    def started_from(self) -> str:
        """SHA-256 of what training begins from; empty where it does so from nothing."""
        return start_digest(self.weights) if self.weights else ""

    @property
    def identity(self) -> str:
        """SHA-256 over what decides the training's course; a checkpoint of another one is of no use."""
        unrelated = {"max_restarts", "deadline_minutes", "checkpoint_steps", "keep_checkpoints", "workers"}
        options = self.options.model_dump_json(exclude=unrelated)
        text = options + self.dataset_digest + str(self.workers) + self.started_from
        return hashlib.sha256(text.encode()).hexdigest()
