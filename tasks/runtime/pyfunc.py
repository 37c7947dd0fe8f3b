"""A package as MLflow's pyfunc loads it: `loader_module="tasks.runtime.pyfunc"`, the package as `data_path`.

No pickle is involved, and this module does not import MLflow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tasks.runtime.predictor import Predictor, load

if TYPE_CHECKING:
    from pandas import DataFrame


class PackageModel:
    """A predictor on pandas frames."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, model_input: DataFrame, params: dict[str, Any] | None = None) -> DataFrame:
        """One prediction a row. There are no parameters; MLflow passes the argument."""
        return self._predictor.predict(pa.Table.from_pandas(model_input, preserve_index=False)).to_pandas()


def _load_pyfunc(data_path: str) -> PackageModel:
    """What MLflow calls, by this name."""
    return PackageModel(load(Path(data_path)))
