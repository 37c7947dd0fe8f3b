"""What a training begins from, if the recipe names it: an encoder's folder, a registered model, or a package."""

from __future__ import annotations

from pathlib import Path

from flows.models import SCHEME, address, find_version, package_of
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import StartRef, check_package, start_digest
from tasks.model.published import open_published


def starting_point(options: TrainOptions) -> StartRef | None:
    """The folder that training begins from, checked; None where a recipe names none.

    An alias is followed here, once a run: its digest, not its name, decides whether a kept result stands.

    Raises:
        NotFoundError: no such model, version or package.
        RecipeError: the model can't be gone on from.
        SourceError: the folder can't be used.
    """
    if options.encoder.weights:
        folder = Path(options.encoder.weights).expanduser().resolve()
        return StartRef(path=str(folder), digest=open_published(folder).digest(), uri=str(folder))
    if not options.start_from:
        return None
    if options.start_from.startswith(SCHEME):
        return _registered(options)
    package = Path(options.start_from).expanduser().resolve()
    check_package(options.task, package, str(package))
    return StartRef(path=str(package), digest=start_digest(package), uri=str(package))


def _registered(options: TrainOptions) -> StartRef:
    version = find_version(options.start_from, "train.start_from", otherwise="the folder of a package")
    uri = address(version)
    parent = version.tags.get("lepton.parent_version", "")
    package = package_of(version)
    check_package(options.task, package, uri, f"{SCHEME}{version.name}/{parent}" if parent else "")
    return StartRef(path=str(package), digest=start_digest(package), uri=uri)
