"""Rows that kept the contract, as a version has them: with `row_id`, `key` and `split`, and counted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.hashes import Hashes, encode, hash_rows, numbered_text
from tasks.data.split import content_keys, hash_split, subject_keys
from tasks.ingest.contract.contract import Contract
from tasks.ingest.reading.readers import Batch
from tasks.ingest.tally import Tally

_ID_DIGITS = 32


def good_rows(
    contract: Contract,
    batch: Batch,
    typed: pa.Table,
    reasons: pa.Array,
    tally: Tally,
    test_share: float,
    not_inputs: Collection[str] = (),
) -> tuple[pa.Table, Hashes]:
    """The rows without a reason against them, and the hashes that the digest adds up.

    `row_id` begins with a row's hash, so rows sort the same from any file. Each cell is encoded once for both hashes.
    Columns of `not_inputs` are no part of a key: rows that differ in nothing else are on one side of the split.
    """
    is_good = pc.is_null(reasons)
    typed = typed.filter(is_good)
    payload = typed.select(list(contract.payload))
    cells = encode(payload, payload.column_names)
    inputs = {name: cell for name, cell in cells.items() if name not in not_inputs}
    keys = subject_keys(typed["key"]) if "key" in contract.types else content_keys(inputs, payload.num_rows)
    split = typed["split"] if "split" in contract.types else hash_split(keys, test_share)
    beside = pa.table({"key": keys, "split": split})
    hashes = hash_rows({**cells, **encode(beside, beside.column_names)}, payload.num_rows)
    reserved = {"row_id": numbered_text(hashes, _ID_DIGITS, tally.rows), "key": keys, "split": split}
    _count(contract, batch, payload, split, is_good, tally)
    return pa.table({**reserved, **{name: payload[name] for name in payload.column_names}}), hashes


def _count(
    contract: Contract,
    batch: Batch,
    payload: pa.Table,
    split: pa.Array | pa.ChunkedArray,
    is_good: pa.Array,
    tally: Tally,
) -> None:
    tally.good += payload.num_rows
    tally.sides.update(_frequencies(split))
    if contract.learns_classes:
        labels = payload["label"]
        counts = _frequencies(labels)
        tally.labels.update(counts)
        places = pc.indices_nonzero(is_good)
        for label in counts.keys() - tally.label_origins.keys():
            tally.label_origins[label] = batch.origin(places[pc.index(labels, label).as_py()].as_py())


def _frequencies(values: pa.Array | pa.ChunkedArray) -> dict[Any, int]:
    counts = pc.value_counts(values)
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
