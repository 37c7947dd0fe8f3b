"""What changed from one version of a data set to the next, told from their profiles alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.errors import DataError
from tasks.ingest.drift.profile import MOST_CATEGORIES, ColumnProfile, Profile
from tasks.ingest.drift.stability import bin_counts, stability_index
from tasks.options import Options

Reaction = Literal["report", "stop"]
Kind = Literal["new_column", "missing_column", "retyped", "distribution", "nulls", "new_categories"]
_NAMES_SHOWN = 5


class DriftOptions(Options):
    """How far a version may be from the one before it, and what happens where it is further."""

    max_psi: float = Field(
        default=0.2,
        gt=0,
        description="Largest population stability index of a column. Where rows are few, chance may pass it too.",
    )
    max_null_change: float = Field(
        default=0.05, ge=0, le=1, description="Largest change of the share of rows without a value in a column."
    )
    max_new_category_share: float = Field(
        default=0.0, ge=0, le=1, description="Largest share of rows with a value that the column did not have before."
    )
    new_column: Reaction = Field(default="report", description="Where the source has a column more.")
    missing_column: Reaction = Field(default="report", description="Where a column is gone.")
    retyped: Reaction = Field(default="report", description="Where a column has another type.")
    distribution: Reaction = Field(default="report", description="Where a column passes max_psi.")
    nulls: Reaction = Field(default="report", description="Where a column passes max_null_change.")
    new_categories: Reaction = Field(default="report", description="Where a column passes max_new_category_share.")


class Change(BaseModel):
    """One thing that changed by more than it may."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    text: str
    reaction: Reaction


class ColumnDrift(BaseModel):
    """One column before and after.

    Attributes:
        psi: population stability index; 0 where it can't be told.
        psi_by_chance: what an unchanged column of as many rows passes once in a hundred times.
        nulls_before: share of rows without a value, and `nulls_after` in the new version.
        changes: what passed a bound.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    psi: float = 0.0
    psi_by_chance: float = 0.0
    nulls_before: float = 0.0
    nulls_after: float = 0.0
    changes: tuple[Change, ...] = ()

    @property
    def verdict(self) -> Literal["ok", "report", "stop"]:
        """The strongest reaction that one of the changes asks for."""
        reactions = {change.reaction for change in self.changes}
        return "stop" if "stop" in reactions else "report" if reactions else "ok"


class Drift(BaseModel):
    """All columns of two versions, those of the older one first."""

    model_config = ConfigDict(frozen=True)

    name: str = "drift"
    rows_before: int
    rows_after: int
    columns: tuple[ColumnDrift, ...]

    @property
    def title(self) -> str:
        """What was found, in a line."""
        changed = sum(bool(one.changes) for one in self.columns)
        rows = f"{self.rows_before:,} rows before, {self.rows_after:,} now"
        return f"{changed} of {len(self.columns)} columns changed by more than they may ({rows})"

    def lines(self, reaction: Reaction | None = None) -> list[str]:
        """Each change, or each that has one reaction, as `column: what changed`."""
        return [
            f"{one.column}: {change.text}"
            for one in self.columns
            for change in one.changes
            if reaction in (None, change.reaction)
        ]

    def table(self) -> list[dict[str, str]]:
        """A row of texts for each column, for a terminal or an artifact."""
        return [
            {
                "column": one.column,
                "psi": f"{one.psi:.3f}",
                "psi by chance": f"{one.psi_by_chance:.3f}",
                "nulls before": f"{one.nulls_before:.1%}",
                "nulls after": f"{one.nulls_after:.1%}",
                "changes": "; ".join(change.text for change in one.changes),
                "verdict": one.verdict,
            }
            for one in self.columns
        ]

    def refuse(self, subject: str) -> None:
        """Stop where the options ask for it.

        Raises:
            DataError: a change was to stop the run.
        """
        stopping = self.lines("stop")
        if stopping:
            more = len(stopping) - _NAMES_SHOWN
            raise DataError(
                subject,
                found=f"drift from the previous version: {'; '.join(stopping[:_NAMES_SHOWN])}"
                + (f"; and {more} more" if more > 0 else ""),
                allowed="what ingest.drift lets change",
                action="Look at the source; if the change is meant, set ingest.drift to report it or widen the bound.",
            )


def read_drift(version: Path) -> Drift | None:
    """What the version at a path changed from the one before, if there was one."""
    file = version / "drift.json"
    return Drift.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def compare(previous: Profile, profile: Profile, options: DriftOptions) -> Drift:
    """Each column of two profiles, and where it changed by more than `options` allow."""
    before, after = previous.columns, profile.columns
    known = {*before, *previous.left_out}
    columns = [
        _both(name, previous, profile, options) if name in after else _missing(name, options, name in profile.left_out)
        for name in before
    ]
    columns += [_new(name, options, "read") for name in after if name not in before]
    columns += [_new(name, options, "not in the contract") for name in profile.left_out if name not in known]
    return Drift(rows_before=previous.rows, rows_after=profile.rows, columns=tuple(columns))


def _both(name: str, previous: Profile, profile: Profile, options: DriftOptions) -> ColumnDrift:
    old, new = previous.columns[name], profile.columns[name]
    nulls = old.nulls / max(previous.rows, 1), new.nulls / max(profile.rows, 1)
    if old.type != new.type:
        retyped = Change(kind="retyped", text=f"was {old.type}, is {new.type}", reaction=options.retyped)
        return ColumnDrift(column=name, nulls_before=nulls[0], nulls_after=nulls[1], changes=(retyped,))
    counts = bin_counts(old, new, previous.rows - old.nulls, profile.rows - new.nulls)
    psi, chance = stability_index(*counts)
    changes = tuple(_changes(old, new, psi, chance, nulls, profile.rows - new.nulls, options))
    return ColumnDrift(
        column=name, psi=psi, psi_by_chance=chance, nulls_before=nulls[0], nulls_after=nulls[1], changes=changes
    )


def _changes(
    old: ColumnProfile,
    new: ColumnProfile,
    psi: float,
    chance: float,
    nulls: tuple[float, float],
    filled: int,
    options: DriftOptions,
) -> Iterator[Change]:
    if psi > max(options.max_psi, chance):
        text = f"PSI {psi:.3f}, above {options.max_psi:g}"
        yield Change(kind="distribution", text=text, reaction=options.distribution)
    if abs(nulls[1] - nulls[0]) > options.max_null_change:
        text = f"nulls {nulls[0]:.1%} to {nulls[1]:.1%}, a change above {options.max_null_change:.1%}"
        yield Change(kind="nulls", text=text, reaction=options.nulls)
    unseen = {value: count for value, count in new.values.items() if value not in old.values} if old.values else {}
    if sum(unseen.values()) > options.max_new_category_share * filled:
        text = f"new values {_some(sorted(unseen, key=lambda value: -unseen[value]))}"
        yield Change(kind="new_categories", text=text, reaction=options.new_categories)
    elif old.values and not new.values and filled:
        text = f"more than {MOST_CATEGORIES} values, {len(old.values)} before"
        yield Change(kind="new_categories", text=text, reaction=options.new_categories)


def _missing(name: str, options: DriftOptions, is_left_out: bool) -> ColumnDrift:
    text = "no longer read" if is_left_out else "gone"
    return ColumnDrift(
        column=name, changes=(Change(kind="missing_column", text=text, reaction=options.missing_column),)
    )


def _new(name: str, options: DriftOptions, state: str) -> ColumnDrift:
    change = Change(kind="new_column", text=f"new, {state}", reaction=options.new_column)
    return ColumnDrift(column=name, changes=(change,))


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(map(repr, names[:_NAMES_SHOWN])) + (f" and {more} more" if more > 0 else "")
