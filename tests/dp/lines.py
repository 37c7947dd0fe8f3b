"""The private training of the small classifier of tests/fit/lines.py: 50 rows, of which a step has 10 on average."""

from __future__ import annotations

from typing import Any

from tasks.dp.config import PrivacyOptions
from tasks.dp.plan import plan_training
from tests.fit.lines import examples, network, points

BATCH, EPOCHS, STEPS = 10, 4, 20


def private_trainer(
    *,
    seed: int = 7,
    dropout: float = 0.3,
    batch_size: int = BATCH,
    learned: Any = None,
    validation: Any = None,
    made: Any = None,
    loss: Any = None,
    optimizer: dict[str, Any] | None = None,
    **privacy: Any,
) -> Any:
    """A training of `EPOCHS` epochs with a checkpoint every 3 steps, seeded, with noise 1, but for what is said."""
    from tasks.dp.trainer import PrivateTrainer
    from tasks.fit.config import OptimizerOptions
    from tasks.fit.loop import FitPlan
    from tasks.fit.losses import cross_entropy

    noise = {} if "target_epsilon" in privacy else {"noise_multiplier": 1.0}
    options = PrivacyOptions.model_validate({"preprocessing": "public", "seeded_noise": True, **noise, **privacy})
    how = {"learning_rate": 0.05, "head_learning_rate": 0.05, **(optimizer or {})}
    learned = learned or examples(*points())
    plan = FitPlan(EPOCHS, OptimizerOptions.model_validate(how), checkpoint_steps=3, seed=seed)
    private = plan_training(options, batch_size, EPOCHS, len(learned), len(learned))
    made = made or network(dropout)
    return PrivateTrainer(made, loss or cross_entropy(), learned, plan, private, options, validation)
