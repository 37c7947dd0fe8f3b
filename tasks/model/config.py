"""Which encoder a text model stands on, and how much of it learns."""

from __future__ import annotations

from pydantic import Field

from tasks.options import Options


class EncoderOptions(Options):
    """The pretrained encoder of a text model."""

    max_tokens: int = Field(default=64, ge=4, le=512, description="Longer texts are cut to so many tokens.")
    train_embeddings: bool = Field(default=False, description="Whether the word embeddings learn too.")
    frozen_layers: int = Field(default=0, ge=0, description="Lowest layers that do not learn.")
