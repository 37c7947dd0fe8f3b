"""What steps pass to each other: names of things on disk, never frames or models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Reference(BaseModel):
    """A frozen name of something on disk. `digest` says what it holds: equal digests, equal content."""

    model_config = ConfigDict(frozen=True)

    path: str
    digest: str

    def exists(self) -> bool:
        """Whether what it names is still there."""
        return Path(self.path).exists()


class MemberRef(BaseModel):
    """One of several sources: the next `count` files of their SourceRef, with what is true of this one only."""

    model_config = ConfigDict(frozen=True)

    name: str
    count: int
    format: str
    sample: str = ""


class SourceRef(BaseModel):
    """The files of a source, in order, with the SHA-256 of each.

    Attributes:
        names: what to call the files wherever they lie; empty: by their paths.
        members: the sources, where there are several.
    """

    model_config = ConfigDict(frozen=True)

    files: tuple[str, ...]
    digests: tuple[str, ...]
    format: str
    sample: str = ""
    names: tuple[str, ...] = ()
    members: tuple[MemberRef, ...] = ()

    def member_sources(self) -> Iterator[tuple[str, SourceRef]]:
        """Each member's name and its files as a source of its own."""
        start = 0
        for member in self.members:
            part = slice(start, start + member.count)
            yield (
                member.name,
                SourceRef(
                    files=self.files[part],
                    digests=self.digests[part],
                    format=member.format,
                    sample=member.sample,
                    names=self.names[part],
                ),
            )
            start += member.count

    def only(self, places: Sequence[int]) -> SourceRef:
        """The source with some of its files."""
        return self.model_copy(
            update={
                name: tuple(values[place] for place in places)
                for name in ("files", "digests", "names")
                if (values := getattr(self, name))
            }
        )


class DatasetRef(Reference):
    """A data set version: a directory of Parquet with its manifest."""

    rows_in: int
    rows_out: int
    quarantined: int


class ModelRef(Reference):
    """A model package, and the MLflow run that made it."""

    run_id: str


class EvaluationRef(Reference):
    """A directory with `metrics.json`, tables and pictures; `metrics` are its numbers, also in the MLflow run."""

    metrics: dict[str, float]
    run_id: str


class VersionRef(BaseModel):
    """A registered model version."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    run_id: str
    digest: str

    @property
    def uri(self) -> str:
        """How MLflow names it."""
        return f"models:/{self.name}/{self.version}"
