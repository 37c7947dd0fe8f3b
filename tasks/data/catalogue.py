"""The data set versions that a home has, found by what they hold."""

from __future__ import annotations

from pathlib import Path

from tasks.data.manifest import MANIFEST, read_manifest
from tasks.data.version import Version


def version_folders(datasets: Path, digest: str = "") -> list[Path]:
    """The folders of all versions below `datasets`, or of those whose name begins with that of a digest."""
    files = datasets.glob(f"*/{digest[:16] or '*'}-*/{MANIFEST}")
    return sorted(file.parent for file in files if not file.parent.name.startswith("."))  # a draft is not there yet


def versions_with(digest: str, datasets: Path) -> list[Version]:
    """All versions with those rows: they may have come another way, and then have another lineage."""
    versions = [Version(folder, read_manifest(folder)) for folder in version_folders(datasets, digest)]
    return [version for version in versions if version.manifest.digest == digest]
