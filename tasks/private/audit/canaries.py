"""Rows that nobody needs, put among those to learn from so that it shows whether they were there.

Each has a mark that no other row has, and a label by chance: nothing but itself can teach what it says. What of the
data is read before training, such as the list of categories, is to know all marks, of canaries that are left out too:
that it is public is declared, and not what is audited.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.split import subject_keys
from tasks.features.columns import numbers, texts
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import IDENTITY_COLUMNS


def canaries(rows: pa.Table, options: TrainOptions, count: int, random: np.random.Generator) -> pa.Table:
    """So many of them, with the columns of `rows`, the rows of the train split, and each a person of its own.

    Of columns all are one row that is there, but for values of their own in its category columns and their label. Of
    texts each is a row whose words are replaced by words that are drawn by chance. Of ratings each is a user and an
    item of its own, and the lowest or the highest rating.
    """
    made = _made(rows, options, count, random)
    if options.privacy.user:
        made = _replaced(made, {options.privacy.user: _marks(rows[options.privacy.user], count)})
    names = subject_keys(pa.chunked_array([[f"canary {number}" for number in range(count)]]))
    return _replaced(made, dict.fromkeys(IDENTITY_COLUMNS, names))


def _made(rows: pa.Table, options: TrainOptions, count: int, random: np.random.Generator) -> pa.Table:
    match options.task:
        case "tabular_classification":
            return _of_columns(rows, options, count, random)
        case "text_classification" | "text_heads":
            return _of_texts(rows, count, random)
        case "rating_prediction":
            return _of_ratings(rows, count, random)
    raise ValueError(f"canaries of {options.task}")


def _of_columns(rows: pa.Table, options: TrainOptions, count: int, random: np.random.Generator) -> pa.Table:
    """Where no category column can take a mark, rows that are there, with labels by chance: weaker ones.

    The one row is of the rarest label: there models are least sure, so that a canary of any label has much to teach.
    """
    labels = sorted(pc.value_counts(rows["label"]).to_pylist(), key=lambda each: each["counts"])
    names = [each["values"] for each in labels if each["values"] is not None]
    drawn = {"label": pa.array(random.choice(names, count), rows["label"].type)}
    marked = [name for name in options.categorical if not pa.types.is_boolean(rows[name].type)]
    if not marked or options.rare_rows > 1:
        return _replaced(_chosen(rows, random.integers(rows.num_rows, size=count)), drawn)
    rarest = np.flatnonzero(pc.equal(rows["label"], names[0]).to_numpy())
    base = _chosen(rows, np.full(count, random.choice(rarest)))
    return _replaced(base, drawn | {name: _marks(rows[name], count) for name in marked})


def _of_texts(rows: pa.Table, count: int, random: np.random.Generator) -> pa.Table:
    base = _chosen(rows, random.integers(rows.num_rows, size=count))
    words = np.array(sorted({word for text in texts(rows["text"]) for word in text.split()}))
    lengths = [max(1, len(text.split())) for text in texts(base["text"])]  # where each word has a tag, it keeps one
    drawn = [" ".join(random.choice(words, length)) for length in lengths]
    return _replaced(base, {"text": pa.array(drawn, pa.string())})


def _of_ratings(rows: pa.Table, count: int, random: np.random.Generator) -> pa.Table:
    ratings = numbers(rows["rating"])
    ends = pa.array(random.choice([np.nanmin(ratings), np.nanmax(ratings)], count), pa.float64())
    own = {name: _marks(rows[name], count) for name in ("user", "item")}
    return _replaced(_chosen(rows, np.zeros(count, np.int64)), own | {"rating": ends.cast(rows["rating"].type)})


def _chosen(rows: pa.Table, places: Any) -> pa.Table:
    return rows.take(pa.array(places))


def _replaced(base: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        place = base.schema.get_field_index(name)
        base = base.set_column(place, base.schema.field(place), pa.chunked_array([values]))
    return base


def _marks(values: pa.ChunkedArray, count: int) -> pa.Array:
    """Values of the column's type that it does not have."""
    if pa.types.is_string(values.type):
        return pa.array([f"canary {number}" for number in range(count)], pa.string())
    known = numbers(values)
    return pa.array(np.nanmax(known, initial=0.0) + 1 + np.arange(count), pa.float64()).cast(values.type)
