"""How to train."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.fit.config import LossOptions, OptimizerOptions
from tasks.model.config import EncoderOptions
from tasks.options import Options, Task


class TrainOptions(Options):
    """One training: what kind of model, how long, on how many processes."""

    task: Task = Field(description="What is learned.")
    epochs: int = Field(default=3, ge=1, description="Passes over the training rows.")
    batch_size: int = Field(default=32, ge=1, description="Rows a step, over all workers together.")
    seed: int = Field(default=7, ge=0, description="Seed of the initial weights, the order of rows and dropout.")
    validation_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the train rows, by key, that are not learned from but measured after each epoch.",
    )
    optimizer: OptimizerOptions = Field(default=OptimizerOptions(), description="How weights move.")
    loss: LossOptions = Field(default=LossOptions(), description="What is made small.")
    workers: int = Field(default=1, ge=0, description="Processes; 0: one a core, at most two.")
    max_restarts: int = Field(default=2, ge=0, description="Times that dead workers are started again.")
    checkpoint_steps: int = Field(default=25, ge=1, description="Steps between two checkpoints.")
    encoder: EncoderOptions = Field(default=EncoderOptions(), description="The pretrained encoder of a text model.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of activations dropped in training.")
    weight: str = Field(
        default="", description="Number column that says how much a row counts in the loss; empty: all rows alike."
    )
    numeric: list[str] = Field(default=[], description="Number columns of a tabular model.")
    categorical: list[str] = Field(default=[], description="Category columns of a tabular model.")
    numeric_encoding: Literal["bins", "standard"] = Field(
        default="bins",
        description="Numbers of a tabular model: standardised, or so and in bins between quantiles of the train split.",
    )
    rare_rows: int = Field(
        default=1,
        ge=1,
        description="Categories with fewer train rows share the place of unknown ones, which so learns.",
    )
    hidden_units: list[int] = Field(default=[128, 64], description="Widths of a tabular model's layers.")
    embedding_size: int = Field(default=32, ge=1, description="Factors of a rating model.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.task == "tabular_classification" and not (self.numeric or self.categorical):
            raise ValueError("numeric, categorical: found neither; a tabular model needs a feature column")
        twice = set(self.numeric) & set(self.categorical)
        if twice:
            raise ValueError(f"numeric, categorical: found {sorted(twice)} in both; name each once")
        return self
