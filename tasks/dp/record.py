"""What a model's training has spent of its rows' privacy, in the file `privacy.json` of its package."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import SourceError
from tasks.dp.accounting.mechanisms import Mechanism, PrivateTraining
from tasks.dp.config import PrivacyOptions

if TYPE_CHECKING:
    from tasks.dp.plan import PrivatePlan

PRIVACY = "privacy.json"
BEGAN = "private-steps-began"
"""A file of a training's work folder: from its first look at rows on, what was reserved of a budget is spent."""
DECLARED = (
    "preprocessing: cleaning, labels, categories, bins, scales and tables of users and items are public by declaration"
)
CLEANED = "cleaning: what a rule does to a row because of other rows is public by declaration"
"""In place of the sentence before, where preprocessing is spent for."""
NOT_COVERED = (
    "the number of rows, from which delta, sampling rate and steps follow",
    "the choice of options, if trainings were compared to make it",
    "the test split and rows held back: figures, curves and examples of them are exact",
    "curves of loss and clipped share, which are exact",
    "rounding of the noise to floating-point numbers",
)
"""What the guarantee does not speak of either, whatever the options."""


class PrivacyRecord(BaseModel):
    """What ran.

    Attributes:
        epsilon, epsilon_rdp: of all that ran, at `delta`: by privacy loss distributions, and by Rényi divergence.
        mechanism: the steps that ran, as the accountants were told.
        preprocessing: the noisy statistics that features were made of before, if they were spent for.
        spent_on_preprocessing: epsilon of these by themselves, at `delta`.
        target_epsilon: what it was not to exceed; 0: the noise was given.
        neighbours: the data sets that epsilon says can hardly be told apart.
        clip: norms to which gradients were clipped at the end, one for each part that is clipped by itself.
        user, rows_per_user: of the unit user, the column that says whose a row is, and how many count.
        rows, persons: that were learned from.
        seeded_noise: noise that can be computed again: nothing is private then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    epsilon: float
    epsilon_rdp: float
    delta: float
    mechanism: PrivateTraining
    target_epsilon: float
    unit: Literal["example", "user"]
    neighbours: str
    user: str
    rows_per_user: int
    rows: int
    persons: int
    clipping: Literal["flat", "per_layer"]
    clip: tuple[float, ...]
    adaptive_quantile: float
    not_covered: tuple[str, ...]
    seeded_noise: bool
    dataset_digest: str
    preprocessing: tuple[Mechanism, ...] = ()
    spent_on_preprocessing: float = 0.0

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All that ran."""
        return (*self.preprocessing, self.mechanism)


def record_of(
    options: PrivacyOptions, plan: PrivatePlan, ran: PrivateTraining, clip: Sequence[float], dataset_digest: str
) -> PrivacyRecord:
    """The record of a training that took the steps `ran` of its plan, and clipped to `clip` at the end."""
    from tasks.dp.accounting.spent import epsilon

    spent, is_user = epsilon((*plan.preprocessing, ran), plan.delta), options.unit == "user"
    return PrivacyRecord(
        epsilon=spent.pld,
        epsilon_rdp=spent.rdp,
        delta=plan.delta,
        mechanism=ran,
        target_epsilon=options.target_epsilon,
        unit=options.unit,
        neighbours=f"add or remove {'all rows of one person' if is_user else 'one row'}",
        user=options.user,
        rows_per_user=options.rows_per_user,
        rows=plan.rows,
        persons=plan.persons,
        clipping=options.clipping,
        clip=tuple(float(norm) for norm in clip),
        adaptive_quantile=options.adaptive.quantile,
        not_covered=(CLEANED if plan.preprocessing else DECLARED, *NOT_COVERED),
        seeded_noise=options.seeded_noise,
        dataset_digest=dataset_digest,
        preprocessing=plan.preprocessing,
        spent_on_preprocessing=epsilon(plan.preprocessing, plan.delta).pld,
    )


def save_record(record: PrivacyRecord, package: Path) -> None:
    """Write what `load_record` reads."""
    (package / PRIVACY).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_record(package: Path) -> PrivacyRecord | None:
    """The record of a package; None where its model was not trained privately.

    Raises:
        SourceError: it is there and can't be read.
    """
    file = package / PRIVACY
    if not file.exists():
        return None
    try:
        return PrivacyRecord.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise SourceError(
            f"model package {package}",
            found=f"{PRIVACY} that can't be read ({type(error).__name__})",
            allowed="the file that training wrote, unchanged",
            action="Fetch the package again, or train again.",
        ) from None


def carry_record(parent: Path, child: Path) -> None:
    """Give the package of a model that was made of another one its record: who works on outputs spends nothing."""
    if (parent / PRIVACY).exists():
        shutil.copyfile(parent / PRIVACY, child / PRIVACY)
