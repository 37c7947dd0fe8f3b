"""What `lepton explain` explains: a registered model or a package, with the model that it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flows.compressing.root import float_version
from flows.exporting import find_dataset
from flows.models import SCHEME, find_version, package_of
from infra.errors import RecipeError
from tasks.evaluate.explain.config import ExplainOptions, Method
from tasks.evaluate.explain.spec import ExplainSpec
from tasks.features.files import load_features
from tasks.features.text import TextFeatures
from tasks.runtime.package import read_manifest

_ONE = "one of --row and --text"


def question(model: str, row: str, text: str, method: Method, picture: Path | None) -> ExplainSpec:
    """What to explain, of the model at an address of MLflow or in a folder.

    Args:
        row: the number of a test row from 0, or the model's columns as a JSON object; empty: a text is asked about.
        text: empty: a row is asked about.

    Raises:
        RecipeError: no model is named so, or it is not told which row to explain.
        NotFoundError: the model is not there.
    """
    place, columns = _asked(row, text)
    package, parent = _packages(model, method)
    features = load_features(package)
    if text and isinstance(features, TextFeatures):
        columns = {features.column: text}
    return ExplainSpec(
        options=ExplainOptions(methods=[method]),
        package=package,
        parent=parent,
        dataset=find_dataset(read_manifest(package).dataset_digest),
        row=columns,
        place=place,
        picture=picture,
    )


def _asked(row: str, text: str) -> tuple[int, dict[str, Any]]:
    if bool(row) == bool(text):
        found = "both" if row else "neither"
        raise RecipeError("--row, --text", found=found, allowed=_ONE, action="Say what is to be explained.")
    if text:
        return -1, {"text": text}
    try:
        told = json.loads(row)
    except ValueError:
        told = None
    if isinstance(told, int) and not isinstance(told, bool) and told >= 0:
        return told, {}
    if isinstance(told, dict) and told:
        return -1, told
    raise RecipeError(
        "--row",
        found=repr(row),
        allowed="the number of a test row from 0, or a JSON object of columns",
        action="For example --row 12, or --row '{\"age\": 39}' with all columns of the model.",
    )


def _packages(model: str, method: Method) -> tuple[Path, Path]:
    """The model's package, and that of the floating-point model for gradients; itself where there is no other."""
    if not model.startswith(SCHEME):
        package = Path(model).expanduser().resolve()
        read_manifest(package)
        return package, package
    from infra.stores.tracking import connect

    connect()
    version = find_version(model, "MODEL", otherwise="the folder of a package")
    package = package_of(version)
    return package, package_of(float_version(version)) if method == "gradients" else package
