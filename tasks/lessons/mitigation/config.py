"""How a training is to treat groups of persons alike."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options

Method = Literal["none", "balanced_sampling", "reweighing", "exponentiated_gradient", "adversarial", "threshold"]
Constraint = Literal["demographic_parity", "equalized_odds"]


class MitigationOptions(Options):
    """What is done in training against differences between groups; nothing by itself."""

    method: Method = Field(
        default="none",
        description="Before training: rows drawn so that all groups and labels weigh alike, or reweighed so that label "
        "and group don't depend on each other. In it: a reduction to weighted trainings, or an adversary. After it: a "
        "threshold for each group, which makes the protected columns inputs of the model.",
    )
    protected: list[str] = Field(
        default=[], description="Columns that say which group a row is of; several are crossed. They are no features."
    )
    favourable: str = Field(default="", description="The label that a person would want; empty: the second of two.")
    constraint: Constraint = Field(
        default="equalized_odds",
        description="What is to be alike: the share that is told the favourable label, or that share among those who "
        "have it and among those who don't. For all methods but balanced_sampling and reweighing.",
    )
    slack: float = Field(
        default=0.02,
        gt=0,
        lt=1,
        description="How far rates may be apart on the rows that exponentiated_gradient and threshold look at.",
    )
    strength: float = Field(
        default=0.1, ge=0, allow_inf_nan=False, description="How hard the network works against the adversary."
    )
    rounds: int = Field(default=8, ge=2, description="Of the exponentiated gradient, each some trainings.")
    round_epochs: int = Field(
        default=1, ge=1, description="Passes over the rows of each of these, from the network trained without it."
    )

    @property
    def is_on(self) -> bool:
        """Whether anything is done."""
        return self.method != "none"


class MitigateOptions(Options):
    """Ways of training to compare."""

    compare: list[Method] = Field(
        default=[],
        description="Methods of train.mitigation that are tried too, each by a training of its own, to see what they "
        "cost; none is always among them. Nothing is compared where this is empty.",
    )

    def ways(self, chosen: Method) -> tuple[Method, ...]:
        """All that is compared, each once."""
        return tuple(dict.fromkeys(["none", *self.compare, chosen]))
