"""Features that a private training spends for: drawn with noise once, and kept for when it goes on after a kill."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.disk import disk_errors
from infra.errors import DataError, RecipeError
from tasks.dp.plan import delta_of, spent_on_features
from tasks.dp.record import BEGAN
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import opendp
from tasks.dp.statistics.preprocessing import fit_private
from tasks.features.columns import column
from tasks.features.tabular import TabularFeatures
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import person_count

RELEASED = "features-released.json"
"""A file of a training's work folder."""


class Released(BaseModel):
    """What was drawn; `identity` is that of the training, as its checkpoints have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: str
    features: TabularFeatures


def released(options: TrainOptions, learned: pa.Table, work: Path, identity: str) -> TabularFeatures:
    """The features of a training on the rows `learned`: what it drew before, for another draw would spend again.

    From here on what was reserved of a budget is spent. A draw that a kill kept from being written shows nowhere.

    Raises:
        RecipeError: what was drawn is another training's, or gone from beside checkpoints that go on from it.
        DataError: a column that is to have numbers has none.
        MachineError: OpenDP is not installed, or the disk is full.
    """
    if (work / RELEASED).exists() or any(work.glob("step-*")):
        return _kept(work, identity)
    _check_numbers(options, learned)
    opendp()
    with disk_errors(f"features in {work}"):
        work.mkdir(parents=True, exist_ok=True)
        (work / BEGAN).touch()
        features = _drawn(options, learned)
        _write(Released(identity=identity, features=features), work / RELEASED)
    return features


def _drawn(options: TrainOptions, learned: pa.Table) -> TabularFeatures:
    privacy = options.privacy
    bounds = {each.column: Bounds(each.low, each.high) for each in privacy.bounds}
    share = spent_on_features(privacy, delta_of(privacy, person_count(options, learned)))
    ordered = {name: bounds[name] for name in options.numeric}
    return fit_private(learned, ordered, options.categorical, *share, cap=privacy.rows_per_user).features


def _kept(work: Path, identity: str) -> TabularFeatures:
    try:
        kept = Released.model_validate_json((work / RELEASED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise _refused(work, f"{RELEASED} that can't be read ({type(error).__name__})") from None
    if kept.identity != identity:
        raise _refused(work, f"{RELEASED} of a training with other options or on other rows")
    return kept.features


def _refused(work: Path, found: str) -> RecipeError:
    return RecipeError(
        "train.privacy.preprocessing",
        found=f"in {work} {found}",
        allowed="the file that this very training wrote: to draw its features again would spend again",
        action="Go on with the options it began with, or remove the folder. What it spent is spent.",
    )


def _check_numbers(options: TrainOptions, rows: pa.Table) -> None:
    for name in options.numeric:
        kind = column(rows, name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            raise DataError(
                f"train.numeric {name}",
                found=f"a column of type {kind}",
                allowed="a column of numbers",
                action="Give its type in ingest.contract, or name it in train.categorical.",
            )


def _write(content: Released, file: Path) -> None:
    draft = file.with_suffix(".partial")
    with draft.open("w", encoding="utf-8") as written:
        written.write(content.model_dump_json(indent=2) + "\n")
        written.flush()
        os.fsync(written.fileno())
    draft.rename(file)
