"""`lepton privacy profile`: find the data set, pay, then look."""

from __future__ import annotations

import secrets
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from flows.data_words import find_dataset
from flows.recipe import load_recipe, recipe_names
from flows.spending import paid, spending_on
from infra.disk import disk_errors
from infra.errors import NotFoundError
from infra.settings.home import HomeSettings
from tasks.data.manifest import MANIFEST
from tasks.data.references import DatasetRef
from tasks.data.reserved import ROW_COLUMNS
from tasks.data.tree import tree_digest
from tasks.data.version import open_version, read_rows
from tasks.dp.statistics.noise import opendp
from tasks.private.ledger.database import here
from tasks.private.ledger.ledger import commit
from tasks.private.profile.picture import draw_profile
from tasks.private.profile.profile import Profile, profile
from tasks.private.profile.request import Request
from tasks.private.profile.shares import divide


class Outcome(BaseModel):
    """What `lepton privacy profile` prints.

    Attributes:
        dataset: digest of the version.
        unseen: columns that were not asked for.
        files: the answers as JSON, and their picture; to ask again costs again.
    """

    model_config = ConfigDict(frozen=True)

    dataset: str
    profile: Profile
    unseen: tuple[str, ...]
    files: dict[str, str]


def profile_dataset(words: str, request: Request) -> Outcome:
    """Statistics with noise of a data set version, paid for before noise is drawn.

    Raises:
        NotFoundError: there is no such version.
        RecipeError: it has not what is asked for.
        MachineError: OpenDP is not installed, or the disk is full.
        BudgetError: the data has no budget, or too little is left of it.
    """
    found = find_version(words)
    manifest = open_version(found).manifest
    request.check(manifest.columns, manifest.rows_out)
    opendp()  # what may be missing is missed before anything is paid
    rows, run, reports = _rows(found, request), secrets.token_hex(4), HomeSettings().reports
    with disk_errors(str(reports)):
        reports.mkdir(parents=True, exist_ok=True)
    what = f"profile of {found.digest[:16]}"
    spending = spending_on(found, what, divide(request).spent, request.delta, manifest.rows_out, run)
    with paid(spending):
        made = profile(rows, request)
    folder = reports / f"profile-{found.digest[:16]}-{run}"
    outcome = Outcome(
        dataset=found.digest,
        profile=made,
        unseen=tuple(name for name in manifest.columns if name not in (*request.columns, *ROW_COLUMNS)),
        files={"answers": str(folder / "profile.json"), "picture": str(folder / "profile.png")},
    )
    with disk_errors(str(folder)):
        folder.mkdir()
        Path(outcome.files["answers"]).write_text(outcome.model_dump_json(indent=2) + "\n", encoding="utf-8")
        commit(here(), spending, tree_digest(folder))
        draw_profile(made, request, Path(outcome.files["picture"]))
    return outcome


def find_version(words: str) -> DatasetRef:
    """A version by path or digest, the newest clean one of a recipe, or the one that a model learned from.

    Raises:
        NotFoundError: there is none.
    """
    if words not in recipe_names() and not words.endswith((".yaml", ".yml")):
        return find_dataset(words)
    folder = HomeSettings().datasets / load_recipe(words).name
    versions = sorted(folder.glob(f"*/{MANIFEST}"), key=lambda file: file.stat().st_mtime)
    if not versions:
        raise NotFoundError(
            f"data set of {words}",
            found=f"no version in {folder}",
            allowed="a recipe that was run in this home",
            action=f"Run it: lepton run {words}.",
        )
    return find_dataset(str(versions[-1].parent))


def _rows(found: DatasetRef, request: Request) -> pa.Table:
    columns = [*request.columns, *([request.key, "row_id"] if request.key else [])]
    return read_rows(found, request.split, list(dict.fromkeys(columns)) or ["row_id"])
