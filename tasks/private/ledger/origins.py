"""Where the rows of a data set version came from: the source files at the beginning of its lineage.

A file is known by its SHA-256, whatever it is called and by whatever contract it is read. A version that was made of
another one has its origins, and so has a version that grew: what was added to it shares the budget of its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.errors import DataError
from tasks.data.catalogue import versions_with
from tasks.data.manifest import Manifest, read_manifest
from tasks.data.references import DatasetRef, SourceRef


@dataclass(frozen=True, order=True)
class Origin:
    """A file of a source: its SHA-256, and what it was called."""

    digest: str
    name: str


def origins_of(dataset: DatasetRef, datasets: Path) -> tuple[Origin, ...]:
    """The origins of a version.

    Equal rows may have been made in several ways; then the origins of all of them count, for the rows are the same.

    Args:
        dataset: the version.
        datasets: the folder of all data sets of the home, where its ancestors are.

    Raises:
        DataError: an ancestor is not there any more, or a first version names no source.
    """
    found: dict[str, Origin] = {}
    seen: set[str] = set()
    open_ = {dataset.digest: [read_manifest(Path(dataset.path)), *_manifests(dataset.digest, datasets)]}
    while open_:
        digest, manifests = open_.popitem()
        if not manifests:
            raise _unknown(dataset, f"no version {digest[:16]}, from which it was made, in {datasets}")
        seen.add(digest)
        for manifest in manifests:
            for parent in manifest.parents:
                if parent not in seen:
                    open_[parent] = _manifests(parent, datasets)
            if not manifest.parents:
                found |= {sha: Origin(sha, name) for name, sha in manifest.sources.items()}
    if not found:
        raise _unknown(dataset, "no source in the manifests of its lineage")
    return tuple(sorted(found.values()))


def origins_of_source(source: SourceRef) -> tuple[Origin, ...]:
    """The origins that a version will have which is read from these files, and does not go on from another."""
    names = source.names or tuple(Path(file).name for file in source.files)
    return tuple(sorted({sha: Origin(sha, name) for name, sha in zip(names, source.digests, strict=True)}.values()))


def listed(origins: Iterable[Origin], most: int = 3) -> str:
    """The first of them in words."""
    all_ = list(origins)
    shown = ", ".join(f"{origin.name} ({origin.digest[:16]})" for origin in all_[:most])
    return shown + (f" and {len(all_) - most} more" if len(all_) > most else "")


def _manifests(digest: str, datasets: Path) -> list[Manifest]:
    return [version.manifest for version in versions_with(digest, datasets)]


def _unknown(dataset: DatasetRef, found: str) -> DataError:
    return DataError(
        f"origin of data set version {dataset.digest[:16]}",
        found=found,
        allowed="a lineage that leads to its sources: whose budget it spends must be known",
        action="Run the recipe that makes it again.",
    )
