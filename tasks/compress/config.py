"""How to compress."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options


class CompressOptions(Options):
    """From a trained model to a small one."""

    method: Literal["int8_dynamic_range"] = Field(
        default="int8_dynamic_range",
        description="TFLite with int8 weights; activations are quantised as they come.",
    )
