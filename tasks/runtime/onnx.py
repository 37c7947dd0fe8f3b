"""Models in ONNX, by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.extras import import_extra
from tasks.runtime.arrays import Arrays, Floats


class OnnxModel:
    """One session on the processor."""

    def __init__(self, file: Path, threads: int) -> None:
        runtime = import_extra("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors only
        self._session: Any = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def outputs(self, arrays: Arrays) -> Floats:
        """The output of one batch of any size and length, of a model that has one."""
        return self.named_outputs(arrays)["output"]

    def named_outputs(self, arrays: Arrays) -> dict[str, Floats]:
        """All outputs of one batch of any size and length."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(arrays)), strict=True))
