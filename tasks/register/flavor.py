"""MLflow's pyfunc flavor without its trial prediction, which would load TensorFlow into this process.

The gate makes a stronger one: the registered version answers real rows in a fresh process.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.settings.home import checkout
from tasks.data.references import ModelRef
from tasks.features.files import input_columns
from tasks.register.signature import ColumnTypes

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

RUNTIME = ("tensorflow", "numpy", "pandas", "pyarrow", "tokenizers", "pydantic", "pydantic-settings")


def save_model(**arguments: Any) -> None:
    """What `mlflow.models.Model.log` calls with all that it was given, a flag for itself included."""
    import mlflow

    del arguments["validate_serving_input"]
    mlflow.pyfunc.save_model(**arguments)


def log_package(model: ModelRef, outputs: ColumnTypes, example: dict[str, Any]) -> ModelInfo:
    """Log the package into its run, with signature, example, the code it needs and its libraries' versions."""
    import mlflow
    import pandas as pd
    from mlflow.models import Model

    inputs = input_columns(Path(model.path))
    numbers = {name: float for name, kind in inputs.items() if kind == "double"}
    with mlflow.start_run(run_id=model.run_id):
        info: ModelInfo = Model.log(
            artifact_path=None,
            name="model",
            flavor=sys.modules[__name__],
            loader_module="tasks.runtime.pyfunc",
            data_path=model.path,
            signature=_signature(inputs, outputs),
            input_example=pd.DataFrame([example])[list(inputs)].astype(numbers),
            pip_requirements=[f"{name}=={version(name)}" for name in RUNTIME],
            code_paths=[str(checkout() / room) for room in ("tasks", "infra")],
            validate_serving_input=False,
        )
    return info


def _signature(inputs: ColumnTypes, outputs: ColumnTypes) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec(kind, name) for name, kind in inputs.items()]),
        outputs=Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
    )
