"""The Keras model of a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.errors import NotFoundError
from tasks.data.references import DatasetRef


def exported_network(package: Path, dataset: DatasetRef | None) -> Any:
    """What gives the outputs that a user takes.

    Raises:
        NotFoundError: the package has no graph in it, and the data set is not at hand to build it by.
        RecipeError: the package does not say how it was trained.
    """
    from tasks.compress.layers import OWN_LAYERS
    from tasks.compress.network_file import GRAPH, load_network
    from tasks.compress.subject import read_subject

    if (package / GRAPH).exists():
        return load_network(package, OWN_LAYERS).exported
    if dataset is None:
        raise NotFoundError(
            f"data set version of {package}",
            found="none with its digest in this home",
            allowed="the version that the model learned from, by which its layers are built",
            action="Export in the home where it was trained.",
        )
    return read_subject(package, dataset).network.exported
