"""What an audit runs on private rows, settled before it begins: as the ledger is told, and as it is then done."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.data.references import Reference
from tasks.dp.accounting.mechanisms import PrivateTraining
from tasks.dp.plan import PrivatePlan, plan_training
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import learned_rows, person_count, read_train_rows
from tasks.private.audit.config import AuditOptions


@dataclass(frozen=True)
class Costs:
    """Of one audit.

    Attributes:
        delta: at which the training with canaries tells its epsilon.
        persons: whose rows they are; as many as rows where a row is the unit.
    """

    mechanisms: tuple[PrivateTraining, ...]
    delta: float
    persons: int


def costs(options: AuditOptions, train: TrainOptions, dataset: Reference) -> Costs:
    """Of a private training's audit: the training with canaries, the shadow models, and the one that they attack.

    Raises:
        RecipeError: delta is not below 1/n.
        DataError: columns are missing, or rows don't say whose they are.
    """
    learned = learned_rows(train, read_train_rows(train, dataset))
    rows, persons = learned.num_rows, person_count(train, learned)
    planted = planted_plan(train, rows, persons, options.canaries)
    mechanisms = [planted.mechanism]
    if options.shadows:
        half = half_plan(train, shadow_pool(options, rows))
        mechanisms += [half.mechanism] * (1 + options.shadows)
    return Costs(tuple(mechanisms), planted.delta, persons)


def planted_plan(train: TrainOptions, rows: int, persons: int, canaries: int) -> PrivatePlan:
    """The private training of all rows and half of the canaries; known before the coins, it tells nothing of them."""
    rows, persons = rows + canaries // 2, persons + canaries // 2
    return plan_training(train.privacy, train.batch_size, train.epochs, rows, persons)


def shadow_pool(options: AuditOptions, rows: int) -> int:
    """Rows that shadow models are drawn from."""
    return min(options.shadow_rows, rows)


def half_plan(train: TrainOptions, pool: int) -> PrivatePlan:
    """The private training of about half of the pool; what the halving itself hides is not counted on."""
    return plan_training(train.privacy, train.batch_size, train.epochs, pool // 2, pool // 2)
