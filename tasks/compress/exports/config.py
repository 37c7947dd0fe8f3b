"""How far an export may be from the model it came from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options

Format = Literal["saved_model", "tflite", "onnx", "hls"]


class ExportOptions(Options):
    """A model in a format that other programs run."""

    format: Format = Field(description="TensorFlow's SavedModel, TFLite with float weights, ONNX, or C++ for FPGAs.")
    rows: int = Field(default=64, ge=1, description="Train rows, spread evenly, on which both models are compared.")
    tolerance: float = Field(
        default=1e-4,
        gt=0,
        description="Largest difference of an output; of regressions in standard deviations, of embeddings 1 - cosine.",
    )
    fixed_point_tolerance: float = Field(
        default=0.02, gt=0, description="The same of hls, whose numbers have a fixed number of bits."
    )
    fixed_point_bits: int = Field(default=32, ge=8, le=64, description="Bits of a number of hls.")
    integer_bits: int = Field(
        default=12, ge=2, le=32, description="Those of them before the point, the sign's included."
    )
