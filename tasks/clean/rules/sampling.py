"""Rules that even out how often classes and groups occur among the rows for training. Test rows stay as they are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from infra.errors import RecipeError
from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import choose, data_columns
from tasks.clean.rules.order_statistics import Ranks, Values, select
from tasks.clean.rules.refusal import counted, refuse_in
from tasks.options import Options

Group = tuple[Any, ...]
_MOST_GROUPS = 10_000  # their counts travel from every part; a column with more values is no class and no group


class BalanceSampleOptions(Options):
    """What is to occur equally often."""

    columns: list[str] = Field(
        default=["label"], min_length=1, description="Label or group; of several, each combination."
    )
    most_to_least: float = Field(
        default=1.0, ge=1, le=1_000_000, description="How many times the rarest a combination may occur."
    )
    seed: int = Field(default=0, description="Another seed leaves other rows.")


class WeighSampleOptions(Options):
    """How a row's weight follows from how often its like occurs."""

    formula: Literal["inverse_frequency", "reweighing"] = Field(
        default="inverse_frequency",
        description="n / (k n_i) for k combinations of label and groups, or P(group) P(label) / P(group, label).",
    )
    label: str = Field(default="label", description="Column with the classes.")
    groups: list[str] = Field(default=[], description="Columns that divide people or things into groups.")
    column: str = Field(default="weight", min_length=1, description="The column to add.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.formula == "reweighing" and not self.groups:
            raise ValueError("groups: found none; allowed: at least one column for the formula reweighing")
        return self


def balance_sample(frame: nw.LazyFrame[Any], options: BalanceSampleOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Refuse training rows of frequent classes or groups, until they occur as often as the rarest.

    Rows stay in the order of a hash of their key, of equal keys by their `row_id`: a choice that no order and no
    engine changes. A missing value counts as a value.
    """
    names = choose(options.columns, data_columns(frame, []))
    last_kept = select(frame, engine, partial(_orders, names, options.seed), partial(_kept, options.most_to_least))
    bounds = {group: found[0] for group, found in last_kept.items() if found}
    drop = partial(_drop_surplus, names, options.seed, bounds)
    return engine.map_batches(frame, drop, frame_columns(frame)) if bounds else frame


def weigh_sample(frame: nw.LazyFrame[Any], options: WeighSampleOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Add a column of weights that make classes, or classes and groups, count alike in training.

    Inverse frequency gives each combination the same total; reweighing makes label and groups independent (Kamiran and
    Calders 2012, "Data preprocessing techniques for classification without discrimination"). Where every combination
    occurs the weights have mean 1. A missing value counts as a value. Test rows have weight 1.
    """
    names = choose([options.label, *options.groups], data_columns(frame, []))
    columns = frame_columns(frame)
    if options.column in columns:
        raise RecipeError(
            "cleaning rule 'weigh_sample'",
            found=f"a column {options.column!r} in the data",
            allowed="a name that is free",
            action="Set clean.options.weigh_sample.column.",
        )
    counts = sum(engine.map_parts(frame, partial(_count, names)), Counter[Group]())
    by_group = weights(counts, options.formula)
    add = partial(_add_weights, names, by_group, options.column)
    return engine.map_batches(frame, add, columns | {options.column: "float64"})


def weights(counts: Mapping[Group, int], formula: Literal["inverse_frequency", "reweighing"]) -> dict[Group, float]:
    """The weight of each combination of label (first) and groups, from how often it occurs; rounded once."""
    total = sum(counts.values())
    if formula == "inverse_frequency":
        return {group: total / (len(counts) * count) for group, count in counts.items()}
    of_label, of_groups = Counter[Any](), Counter[Group]()
    for (label, *groups), count in counts.items():
        of_label[label] += count
        of_groups[tuple(groups)] += count
    return {
        (label, *groups): of_groups[tuple(groups)] * of_label[label] / (total * count)
        for (label, *groups), count in counts.items()
    }


def _orders(names: Sequence[str], seed: int, batch: pa.Table) -> Mapping[Hashable, Values]:
    """Of each combination, the places of its counted rows in the order in which rows stay."""
    rows = counted(batch)
    groups, at = _grouped(rows, names)
    places = _places(rows, seed)
    return {group: places[at == number] for number, group in enumerate(groups)}


def _places(rows: pa.Table, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A number for each row: 40 bits of its key's hash, then 23 of its row's."""
    pairs = zip(rows["key"].to_pylist(), rows["row_id"].to_pylist(), strict=True)
    return np.array([_bits(seed, key, 40) << 23 | _bits(seed, row, 23) for key, row in pairs], np.int64)


def _bits(seed: int, text: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8]) >> (64 - count)


def _kept(most_to_least: float, sizes: Mapping[Hashable, int]) -> Ranks:
    """The rank of the last row that stays, in each combination that has too many."""
    _check_groups(len(sizes))
    most = int(min(sizes.values(), default=0) * Decimal(str(most_to_least)))  # 25 times 1.16 is below 29 in floats
    return {group: (most - 1,) for group, size in sizes.items() if size > most}


def _drop_surplus(names: Sequence[str], seed: int, bounds: Mapping[Hashable, int], batch: pa.Table) -> pa.Table:
    groups, at = _grouped(batch, names)
    bound = np.array([bounds.get(group, np.iinfo(np.int64).max) for group in groups], np.int64)
    surplus = pa.array(_places(batch, seed) > bound[at]) if len(groups) else pa.array([], pa.bool_())
    surplus = pc.and_(surplus, pc.equal(batch["split"], "train"))
    return refuse_in(batch, surplus, "balance_sample")


def _count(names: Sequence[str], _: str, batches: Iterable[pa.Table]) -> Counter[Group]:
    counts: Counter[Group] = Counter()
    for batch in batches:
        groups, at = _grouped(counted(batch), names)
        counts.update(dict(zip(groups, np.bincount(at, minlength=len(groups)).tolist(), strict=True)))
        _check_groups(len(counts))
    return counts


def _add_weights(names: Sequence[str], by_group: Mapping[Group, float], column: str, batch: pa.Table) -> pa.Table:
    groups, at = _grouped(batch, names)
    found = np.array([by_group.get(group, 1.0) for group in groups], np.float64)[at] if groups else np.array([])
    is_train = pc.equal(batch["split"], "train")
    return batch.append_column(column, pc.if_else(is_train, pa.array(found, pa.float64()), 1.0))


def _grouped(rows: pa.Table, names: Sequence[str]) -> tuple[list[Group], np.ndarray[Any, np.dtype[np.int64]]]:
    """The combinations of values that rows have, and which of them each row has."""
    coded = [rows[name].combine_chunks().dictionary_encode(null_encoding="encode") for name in names]
    numbers = np.zeros(len(rows), np.int64)
    for column in coded:
        _, numbers = np.unique(numbers * (len(column.dictionary) + 1) + column.indices.to_numpy(), return_inverse=True)
    _, first, at = np.unique(numbers, return_index=True, return_inverse=True)
    values = [column.take(pa.array(first)).to_pylist() for column in coded]
    return list(zip(*values, strict=True)), at


def _check_groups(count: int) -> None:
    if count > _MOST_GROUPS:
        raise RecipeError(
            "columns that divide the rows for training",
            found=f"{count} combinations of their values or more",
            allowed=f"at most {_MOST_GROUPS}",
            action="Name columns of classes and groups in clean.options.",
        )
