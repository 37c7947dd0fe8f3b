"""Which packages of which extras are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

from flows.doctor.finding import Finding
from infra.devices import graphics_cards

PACKAGE = "lepton"
_GPU = "gpu"


def look() -> list[Finding]:
    """One finding an extra. That of graphics cards is of no interest where there are none."""
    extras = distribution(PACKAGE).metadata.get_all("Provides-Extra") or []
    return [_extra(name) for name in sorted(extras) if name != _GPU or graphics_cards()]


def _extra(name: str) -> Finding:
    lacking = [str(needed) for needed in _requirements(PACKAGE, name) if not is_installed(needed)]
    if not lacking:
        return Finding(what=f"extra {name}", found="installed")
    packages = " ".join(f"'{needed}'" for needed in lacking)
    return Finding(
        what=f"extra {name}",
        found=f"no {', '.join(Requirement(needed).name for needed in lacking)}",
        state="advice",
        action=f"If you need it: python -m pip install {packages}",
    )


def is_installed(needed: Requirement) -> bool:
    """Whether a package and what it asks for under the extras named are there, in a version that is allowed."""
    try:
        version = distribution(needed.name).version
    except PackageNotFoundError:
        return False
    below = (each for extra in needed.extras for each in _requirements(needed.name, extra))
    return needed.specifier.contains(version, prereleases=True) and all(map(is_installed, below))


def _requirements(package: str, extra: str) -> Iterator[Requirement]:
    """What the package asks for under one of its extras, on this machine, and not without it."""
    for line in distribution(package).requires or []:
        needed = Requirement(line)
        marker, needed.marker = needed.marker, None
        if marker and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
            yield needed
