"""Options of one kind of lesson each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options


class HeadStartOptions(Options):
    """The logistic regression on the encoder's vectors as the beginning of a text classifier's head."""

    enabled: bool = Field(
        default=False, description="Whether the head begins so; otherwise all classes are equally likely at first."
    )
    regularization: float = Field(
        default=10.0, gt=0, description="Of the logistic regression: larger values hold its weights nearer to zero."
    )


class FewShotOptions(Options):
    """Learning classes of texts from few rows of each, by pairs of texts (SetFit, Tunstall et al. 2022)."""

    enabled: bool = Field(
        default=False,
        description="Whether the encoder learns from pairs, of one class or of two, and a logistic regression the "
        "classes from its embeddings; `epochs`, `batch_size` and `optimizer` are of the pairs.",
    )
    loss: Literal["cosine", "contrastive"] = Field(
        default="cosine",
        description="Cosine to be 1 in a class and 0 between two, as in SetFit; or pairs of a class, told from the "
        "batch's other classes at `loss.temperature`.",
    )
    pairs: int = Field(default=20, ge=1, description="Pairs for each row, of its own class; cosine: as many of others.")
    regularization: float = Field(
        default=1.0, gt=0, description="Of the logistic regression: larger values hold its weights nearer to zero."
    )


class RetrievalOptions(Options):
    """Wrong answers that are hard to tell from the right one."""

    hard_negatives: int = Field(
        default=0, ge=0, le=32, description="For each question so many wrong answers that the encoder holds nearest."
    )
    refresh: Literal["once", "epoch"] = Field(
        default="once",
        description="When they are looked up: by the encoder training begins with, or before each epoch.",
    )
    highest_similarity: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Answers whose cosine with the right one is higher say the same, and are no wrong ones.",
    )
