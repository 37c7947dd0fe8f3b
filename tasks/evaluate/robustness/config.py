"""How rows are disturbed, and how much."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

Method = Literal["typos", "case", "synonyms", "spacing", "punctuation", "noise", "missing", "unknown", "fgsm", "pgd"]
_ALL: list[Method] = [
    *("typos", "case", "synonyms", "spacing", "punctuation"),
    *("noise", "missing", "unknown"),
    *("fgsm", "pgd"),
]


class RobustnessOptions(Options):
    """Quality on a sample of the test rows when they are disturbed."""

    methods: list[Method] = Field(
        default=_ALL, description="Disturbances; of these are made those that the model's input allows. Empty: none."
    )
    rows: int = Field(default=300, ge=1, description="Test rows that are disturbed, drawn at random.")
    seed: int = Field(default=7, ge=0, description="Seed of the sample and of all disturbances.")
    typos: list[float] = Field(default=[0.1, 0.3], min_length=1, description="Shares of a text's words with a typo.")
    synonyms: list[float] = Field(
        default=[0.2], min_length=1, description="Shares of a text's words that a synonym takes the place of."
    )
    noise: list[float] = Field(
        default=[0.1, 0.5], min_length=1, description="Noise on numbers, in standard deviations of the train split."
    )
    lost_columns: list[int] = Field(
        default=[1, 3], min_length=1, description="Columns of a row that are lost by the methods missing and unknown."
    )
    epsilons: list[float] = Field(
        default=[0.1, 0.3],
        min_length=1,
        description="How far fgsm and pgd may move each number, in standard deviations of the train split.",
    )
    pgd_steps: int = Field(default=10, ge=1, le=1000, description="Steps of pgd.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("typos", "synonyms", "noise", "lost_columns", "epsilons"):
            wrong = [each for each in getattr(self, name) if each <= 0]
            if wrong:
                raise ValueError(f"{name}: found {wrong[0]}; give numbers above 0")
        for name in ("typos", "synonyms"):
            wrong = [each for each in getattr(self, name) if each > 1]
            if wrong:
                raise ValueError(f"{name}: found {wrong[0]}; a share of words is at most 1")
        return self
