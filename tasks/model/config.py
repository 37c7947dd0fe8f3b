"""Which encoder a text model stands on, and how much of it learns."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

Target = Literal["query", "key", "value", "attention_output", "forward"]
Pooling = Literal["mean", "cls"]


class LoraOptions(Options):
    """Low-rank adapters of the encoder's dense layers (Hu et al. 2021)."""

    rank: int = Field(default=0, ge=0, le=256, description="Rank of the adapters; 0: the encoder itself learns.")
    alpha: float = Field(default=16.0, gt=0, description="What an adapter adds counts alpha / rank times.")
    targets: list[Target] = Field(
        default=["query", "value"], min_length=1, description="Dense layers of each encoder layer that get an adapter."
    )


class EncoderOptions(Options):
    """The pretrained encoder of a text model."""

    weights: str = Field(
        default="",
        description="Folder with config.json, model.safetensors and tokenizer.json of a BERT; empty: MiniLM, fetched.",
    )
    pooling: Pooling = Field(
        default="mean", description="A text's vector: the mean of its tokens' vectors, or that of its first token."
    )
    max_tokens: int = Field(default=64, ge=4, le=512, description="Longer texts are cut to so many tokens.")
    train_embeddings: bool = Field(default=False, description="Whether the word embeddings learn too.")
    frozen_layers: int = Field(default=0, ge=0, description="Lowest layers that do not learn.")
    lora: LoraOptions = Field(default=LoraOptions(), description="Adapters that learn in place of the encoder.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.lora.rank and self.train_embeddings:
            raise ValueError(
                "lora.rank, train_embeddings: found both; adapters hold the embeddings still, leave one out"
            )
        return self
