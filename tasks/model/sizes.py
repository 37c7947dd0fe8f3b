"""The sizes of an encoder, which with its weights say all of it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.model.config import Pooling

ENCODER = "encoder.json"


class EncoderConfig(BaseModel):
    """What `build_encoder` builds.

    Attributes:
        max_position_embeddings: the longest text, in tokens.
        pooling: how the vectors of a text's tokens become one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float
    pooling: Pooling = "mean"


def save_sizes(config: EncoderConfig, folder: Path) -> None:
    """Write what `load_sizes` reads."""
    (folder / ENCODER).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_sizes(folder: Path) -> EncoderConfig:
    """The sizes that a package keeps of its encoder.

    Raises:
        FileNotFoundError: it keeps none.
        ValueError: they can't be read.
    """
    return EncoderConfig.model_validate_json((folder / ENCODER).read_text(encoding="utf-8"))
