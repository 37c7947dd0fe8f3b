"""The sheet of labels that look wrong, which people correct and `lepton label merge` takes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.compute as pc

from tasks.data.references import DatasetRef, Reference
from tasks.data.version import open_version
from tasks.label.choose import shown_columns
from tasks.label.config import LabelOptions
from tasks.label.rows import LABEL, check_label, sample
from tasks.label.sheet import write_sheet
from tasks.label.suspects import find_suspects


class SuspectsRef(Reference):
    """A sheet of suspects: how many, and of how many rows with a label."""

    rows: int
    judged: int


def write_suspects(options: LabelOptions, dataset: DatasetRef, folder: Path) -> SuspectsRef:
    """Judge the labels of a version and write the suspects, the most suspicious first, to a file of `folder`.

    Raises:
        DataError: there are too few labels.
        MachineError: cleanlab is not installed.
    """
    version = open_version(dataset)
    check_label(version)
    inputs = shown_columns(version, options)
    rows = sample(
        version, ["row_id", "split", LABEL, *inputs], lambda batch: pc.is_valid(batch[LABEL]), options.suspects.rows
    )
    labels = rows[LABEL].to_pylist()
    found = find_suspects(rows.select(inputs), labels, options.suspects, options.seed)
    names = sorted(set(labels))
    listed = rows.take(found.places)
    columns = [listed[name].to_pylist() for name in ("row_id", "split", *inputs, LABEL)]
    suggested = [names[place] for place in found.suggested]
    scores = [round(float(score), 4) for score in found.scores]
    file = folder / f"{dataset.digest[:16]}.csv"
    header = ["row_id", "split", *inputs, "given", "suggested", "score", "label"]
    write_sheet(file, header, zip(*columns, suggested, scores, [""] * len(scores), strict=True))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return SuspectsRef(path=str(file), digest=digest, rows=len(scores), judged=rows.num_rows)
