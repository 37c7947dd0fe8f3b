"""How weights move: the loss, the optimiser and its rate over time."""

from __future__ import annotations

from pydantic import Field

from tasks.options import Options


class OptimizerOptions(Options):
    """The optimiser, and its rate over time."""

    learning_rate: float = Field(default=1e-4, gt=0, description="Peak learning rate.")
    head_learning_rate: float = Field(
        default=1e-2, gt=0, description="Peak learning rate of the head that a text model puts on its encoder."
    )
    weight_decay: float = Field(default=0.01, ge=0, description="Decoupled weight decay.")
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="Share of all steps in which the rate rises.")
    clip_norm: float = Field(default=1.0, gt=0, description="Gradients with a longer global norm are scaled to it.")


class LossOptions(Options):
    """What is made small."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Mass spread over the other classes.")
    temperature: float = Field(default=0.05, gt=0, description="Of the softmax over in-batch negatives.")
