"""A rule on rows that say nearly the same."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Self

import narwhals as nw
from pydantic import Field, model_validator

from infra.disk import disk_errors
from infra.errors import RecipeError
from infra.settings.home import HomeSettings
from tasks.clean.engines import Engine
from tasks.clean.near.search import find_near_duplicates
from tasks.clean.near.shingles import Unit
from tasks.clean.near.signatures import Bands, choose_bands
from tasks.clean.near.sketches import Keep, Method
from tasks.clean.near.stages import Stages
from tasks.clean.rules.columns import TextOptions, data_columns, text_columns
from tasks.clean.rules.refusal import not_refused, refuse
from tasks.data.leftovers import remove_leftovers
from tasks.data.reserved import DUPLICATE_OF, SIMILARITY

_PREFIX = "near-duplicates-"


class NearDuplicateOptions(TextOptions):
    """Which texts are nearly the same, and which of them stays."""

    threshold: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Least Jaccard similarity of two rows' sets of shingles to be near-duplicates.",
    )
    unit: Unit = Field(
        default="words", description="What a shingle is a run of; characters where no spaces divide words."
    )
    shingle_size: int = Field(default=3, ge=1, le=32, description="Units in a shingle.")
    permutations: int = Field(default=128, ge=1, le=4096, description="Most MinHash values of a row that are computed.")
    recall: float = Field(
        default=0.99,
        gt=0,
        lt=1,
        description="Probability to find a pair that is just at the threshold; others are likelier.",
    )
    keep: Keep = Field(
        default="longest",
        description="Which train row of a cluster without test rows stays: the longest text, the smallest row_id, or "
        "the greatest value of newest_by. Of equals the smallest row_id.",
    )
    newest_by: str = Field(
        default="", description="Column for keep: newest; a string compares by its characters' codes."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.keep == "newest") != bool(self.newest_by):
            raise ValueError(f"newest_by: found {self.newest_by!r}; allowed: a column with keep: newest, else nothing")
        if choose_bands(self.threshold, self.recall, self.permutations) is None:
            raise ValueError(
                f"permutations: found {self.permutations}; allowed: more for threshold {self.threshold} and recall "
                f"{self.recall}, or a higher threshold or a lower recall"
            )
        return self

    @property
    def bands(self) -> Bands:
        """What finds the pairs with the probability asked."""
        bands = choose_bands(self.threshold, self.recall, self.permutations)
        assert bands
        return bands


def near_duplicates(frame: nw.LazyFrame[Any], options: NearDuplicateOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Refuse train rows whose text is nearly that of another row; see the options for which one stays.

    Pairs at or above the threshold link rows to clusters. A cluster's test rows all stay, and if it has one its train
    rows all go. `duplicate_of` names the row that stays, of test rows the best, and `similarity` is that of these two:
    below the threshold where rows between linked them.
    """
    names = frame.collect_schema().names()
    rows, method = _method(frame, options)
    folder = _scratch(engine)
    with disk_errors(str(folder)), tempfile.TemporaryDirectory(dir=folder) as work:
        find_near_duplicates(rows, method, options.threshold, Stages(engine, Path(work)), folder / "verdicts")
    joined = frame.join(engine.read(folder / "verdicts"), on="row_id", how="left")
    marked = joined.with_columns(
        nw.coalesce(nw.col(DUPLICATE_OF), nw.col("__kept")).alias(DUPLICATE_OF),
        nw.coalesce(nw.col(SIMILARITY), nw.col("__likeness")).alias(SIMILARITY),
    )
    return refuse(marked, ~nw.col("__kept").is_null(), "near_duplicates").select(names)


def _method(frame: nw.LazyFrame[Any], options: NearDuplicateOptions) -> tuple[nw.LazyFrame[Any], Method]:
    columns = text_columns(frame, options.columns)
    if not columns:
        raise RecipeError(
            "cleaning rule near_duplicates",
            found="no string column",
            allowed="data with text",
            action="Leave near_duplicates out of clean.rules.",
        )
    newest = data_columns(frame, [options.newest_by]) if options.newest_by else []
    needed = dict.fromkeys(["row_id", "split", *columns, *newest])
    return frame.filter(not_refused()).select(*needed), Method(
        tuple(columns), options.unit, options.shingle_size, options.bands, options.keep, options.newest_by
    )


def _scratch(engine: Engine) -> Path:
    """A folder that all workers see; it goes when the engine does, as lazy frames read from it till then."""
    parent = HomeSettings().root / "scratch"
    with disk_errors(str(parent)):
        parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(parent, _PREFIX)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
    return folder
