"""Groups of rows by the values of protected columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.features.columns import MISSING, column, texts

UNKNOWN = "(missing)"
MOST_VALUES = 20
"""Of a number column that may stand for groups."""


@dataclass(frozen=True)
class Groups:
    """Which group each row is of.

    Attributes:
        names: the groups that there are, in order; values of several columns with a comma between them.
        places: int32 (rows,), the place of each row's group in `names`.
    """

    names: tuple[str, ...]
    places: NDArray[np.int32]


def find_groups(rows: pa.Table, columns: Sequence[str], option: str) -> Groups:
    """The groups of rows that share the values of all `columns`; a missing value is one of its own.

    Args:
        option: that names the columns, for errors.

    Raises:
        DataError: a column has numbers in place of groups, or all rows are of one group.
    """
    values = [_values(rows, name, option) for name in columns]
    told = [", ".join(parts) for parts in zip(*values, strict=True)]
    names, places = np.unique(np.array(told, object), return_inverse=True)
    if len(names) < 2:
        raise DataError(
            option,
            found=f"{len(names)} group, {names[0] if len(names) else 'of no rows'}, by {' and '.join(columns)}",
            allowed="two groups or more",
            action="Name another column; there is nothing to compare.",
        )
    return Groups(tuple(names.tolist()), places.astype(np.int32))


def _values(rows: pa.Table, name: str, option: str) -> list[str]:
    values = column(rows, name)
    many = pa.types.is_integer(values.type) and len(values.unique()) > MOST_VALUES
    if pa.types.is_floating(values.type) or many:
        raise DataError(
            option,
            found=f"{name}, a column of {len(values.unique())} numbers",
            allowed=f"a column of groups: text, truth values, or up to {MOST_VALUES} whole numbers",
            action="Let a cleaning rule cut it into bands, and name the new column.",
        )
    return [UNKNOWN if value == MISSING else value for value in texts(values)]
