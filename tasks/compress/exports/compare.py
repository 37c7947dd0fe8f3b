"""Whether an export gives what its parent does, on real rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from infra.errors import DataError, TrainingError
from tasks.compress.difference import difference, figures, head_differences
from tasks.compress.exports.config import ExportOptions
from tasks.compress.exports.spec import ExportSpec
from tasks.data.version import read_rows
from tasks.runtime.arrays import Arrays, Floats
from tasks.runtime.predictor import Predictor


def rows_to_compare(spec: ExportSpec) -> pa.Table:
    """Train rows, spread evenly, or the examples.

    Raises:
        DataError: there are none.
    """
    rows = read_rows(spec.dataset, "train") if spec.dataset else pa.Table.from_pylist(spec.rows)
    if rows.num_rows == 0:
        raise DataError(
            f"export of {spec.package}",
            found="no row to compare it on",
            allowed="the data set version that the model learned from in this home, or an input example with the model",
            action="Export in the home where it was trained.",
        )
    places = np.linspace(0, rows.num_rows, min(spec.options.rows, rows.num_rows), endpoint=False).astype(np.int64)
    return rows.take(places)


def compared(parent: Predictor, child: Predictor, rows: pa.Table) -> dict[str, float]:
    """Mean and largest difference of what both give."""
    if parent.manifest.heads:
        return head_differences(parent.manifest.heads, parent.head_outputs(rows), child.head_outputs(rows))
    return figures(difference(parent.row_outputs(rows), child.row_outputs(rows), parent.manifest.task))


def compared_code(parent: Predictor, arrays: Arrays, given: Floats) -> dict[str, float]:
    """The same of what compiled code has given for arrays."""
    expected = parent.outputs(arrays)
    return figures(difference(expected, given.reshape(expected.shape), parent.manifest.task))


def check(found: dict[str, float], tolerance: float, options: ExportOptions) -> None:
    """Raises TrainingError where outputs are further apart than they may be."""
    if found["difference_max"] > tolerance:
        option = "fixed_point_tolerance" if options.format == "hls" else "tolerance"
        raise TrainingError(
            f"export to {options.format}",
            found=f"outputs that differ by up to {found['difference_max']:.2g} from the model's",
            allowed=f"at most {tolerance:g} ({option})",
            action="Give more bits to numbers, or take another format."
            if options.format == "hls"
            else "Take another format; the model gives no reliable outputs in this one.",
        )
