"""How weights move: the loss, the optimiser and its rate over time, when to stop, and what makes steps fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

LossName = Literal[
    "", "cross_entropy", "focal", "binary_cross_entropy", "squared_error", "contrastive", "pairwise_ranking"
]
ADAPTIVE = ("adamw", "adam")
LOSSES: Mapping[str, tuple[LossName, ...]] = {
    "text_classification": ("cross_entropy", "focal"),
    "tabular_classification": ("cross_entropy", "focal"),
    "text_retrieval": ("contrastive",),
    "rating_prediction": ("squared_error",),
    "item_ranking": ("pairwise_ranking",),
    "classification": ("cross_entropy", "focal"),
    "tagging": ("cross_entropy", "focal"),
    "multi_label": ("binary_cross_entropy", "focal"),
    "regression": ("squared_error",),
}
"""Losses that a task, or one head of a task with several, may have; the first where none is named."""
_SMOOTHED = ("cross_entropy", "binary_cross_entropy", "focal")


class OptimizerOptions(Options):
    """The optimiser, and its rate over time."""

    name: Literal["adamw", "adam", "sgd", "rmsprop"] = Field(default="adamw", description="Which optimiser.")
    learning_rate: float = Field(default=1e-4, gt=0, description="Peak learning rate.")
    head_learning_rate: float = Field(
        default=1e-2, gt=0, description="Peak learning rate of the head that a text model puts on its encoder."
    )
    layer_decay: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Each layer of the encoder learns at so many times the rate of the layer above it.",
    )
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Momentum of sgd and rmsprop.")
    weight_decay: float = Field(
        default=0.01, ge=0, description="Decoupled weight decay; adam has none, which tells it from adamw."
    )
    schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description="How the rate falls from its peak: to nothing at the end, or not at all."
    )
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="Share of all steps in which the rate rises.")
    clip_norm: float = Field(
        default=1.0, ge=0, description="Gradients with a longer global norm are scaled to it; 0: never."
    )
    accumulate_steps: int = Field(
        default=1, ge=1, description="Parts in which a batch is computed one after another, to need less memory."
    )
    average_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay of the moving average of the weights that is measured and exported; 0: the weights as is.",
    )
    average_epochs: int = Field(
        default=0,
        ge=0,
        description="The mean of the weights after each of the last so many epochs is exported; 0: no mean.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.momentum and self.name in ADAPTIVE:
            raise ValueError(f"momentum: found {self.momentum} with {self.name}; only sgd and rmsprop take it")
        if self.average_decay and self.average_epochs:
            raise ValueError("average_decay, average_epochs: found both; set one of them")
        return self


class LossOptions(Options):
    """What is made small."""

    name: LossName = Field(default="", description="Which loss; empty: the first that the task may have.")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Mass spread over the other classes.")
    focal_gamma: float = Field(
        default=2.0, ge=0, description="Of the focal loss: how much less the rows count that are right already."
    )
    temperature: float = Field(default=0.05, gt=0, description="Of the softmax over in-batch negatives.")
    ranking_margin: float = Field(
        default=0.0,
        ge=0,
        description="Of pairwise ranking: score by which an item must lead; 0: a smooth loss without a margin.",
    )
    consistency: float = Field(
        default=0.0,
        ge=0,
        description="Of a text's class: what it costs if two passes, each under a dropout of its own, tell it "
        "differently (R-Drop); 0: one pass, which takes half the time.",
    )

    def check_for(self, kind: str) -> None:
        """Refuse what a task, or a kind of head, does not have.

        Raises:
            ValueError: the loss is another one's, or labels are to be smoothed where it has none.
        """
        allowed = LOSSES[kind]
        if self.name and self.name not in allowed:
            raise ValueError(f"loss.name: found {self.name}; allowed for {kind}: {', '.join(allowed)}")
        name = self.name or allowed[0]
        if self.label_smoothing and (name not in _SMOOTHED or (kind, name) == ("multi_label", "focal")):
            raise ValueError(
                f"loss.label_smoothing: found {self.label_smoothing} with {name} for {kind}, which smooths no labels; "
                "leave it out"
            )


class StoppingOptions(Options):
    """When a training ends before its last epoch, judged by rows that it does not learn from."""

    patience: int = Field(
        default=0, ge=0, description="Measurements in a row without a gain that end the training; 0: it is not ended."
    )
    metric: str = Field(default="loss", min_length=1, description="What is to gain: loss, or a metric of the task.")
    minimum_gain: float = Field(default=0.0, ge=0, description="Smaller gains count as none.")
    every_steps: int = Field(default=0, ge=0, description="Steps between two measurements; 0: after each epoch.")


class SpeedOptions(Options):
    """What makes a step fast. Results differ by rounding only."""

    xla: Literal["auto", "on", "off"] = Field(
        default="auto", description="Whether steps are compiled by XLA; auto: on a GPU, lengths that come often."
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32",
        description="Of matrix products. bfloat16 is refused where it is no faster, float16 where there is no GPU.",
    )
    prefetch_batches: int = Field(
        default=0,
        ge=0,
        description="Batches made ready in another thread while a step runs; 0: made between steps, which is faster "
        "where `data_wait_share` is a few percent, as it is for texts and tables.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.xla == "on" and self.precision != "float32":
            raise ValueError(f"xla: found on with {self.precision}; XLA keeps float32, so set one of them")
        return self
