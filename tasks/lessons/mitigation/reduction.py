"""Training under a constraint as a game of weighted trainings, by fairlearn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from infra.extras import import_extra
from infra.progress import Progress, report
from tasks.fit.batches import Batches, Examples
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.mitigation.cells import Cells
from tasks.lessons.mitigation.config import MitigationOptions
from tasks.lessons.mitigation.odds import log_odds
from tasks.lessons.mitigation.thresholds import check_two

if TYPE_CHECKING:
    from tasks.fit.loop import FitPlan
    from tasks.model.network import Network

log = logging.getLogger(__name__)
LEAST_SHARE = 1e-3
"""Of a network in the mixture; those with less are left out."""
Flags = NDArray[np.bool_]
Fit = Callable[[Flags, NDArray[np.float32]], "Network"]


@dataclass
class Learner:
    """What fairlearn takes for an estimator: a network of the recipe, and what it tells the rows it learned from."""

    fit_network: Fit
    tell: Callable[[Network], Flags]
    network: Any = field(default=None)
    told: Any = field(default=None)

    def fit(self, rows: Any, labels: Any, sample_weight: Any) -> Learner:
        """Learn labels of 0 and 1 by weights with mean 1."""
        self.network = self.fit_network(np.asarray(labels) == 1, np.asarray(sample_weight, np.float32))
        self.told = self.tell(self.network).astype(int)
        return self

    def predict(self, rows: Any) -> Any:
        """What it tells the rows that it learned from, the only ones that fairlearn asks about."""
        return self.told


def reduced(lesson: Lesson, learned: Examples, options: TrainOptions, cells: Cells) -> Lesson:
    """The lesson whose network becomes a mixture of networks that meets the constraint on the rows to learn from.

    The exponentiated gradient of Agarwal et al., A reductions approach to fair classification, 2018. Each training of
    the game goes on from the network that was trained without it, for `round_epochs`. Its answer, a network drawn by
    chance for each row, is exported as one network with the mean of their probabilities: so a row is always told the
    same, and the guarantee on the randomised answer does not carry over to the letter.

    Raises:
        DataError: there are more than two labels.
        MachineError: fairlearn is not installed.
    """
    check_two(lesson.labels, "exponentiated_gradient")
    reductions = import_extra("fairlearn.reductions", "fairness")

    def finish(network: Network) -> Network:
        game = _game(reductions, options.mitigation, _learner(lesson, learned, options, cells, network))
        is_favourable, rows = (cells.labels == cells.favourable).astype(int), np.arange(len(learned))[:, None]
        game.fit(rows, is_favourable, sensitive_features=cells.groups.places)
        log.info("%d trainings, gap %.4f after round %d", game.n_oracle_calls_, game.best_gap_, game.best_iter_ + 1)
        return _mixture(lesson, game, cells.favourable)

    return replace(lesson, finish=finish)


def _game(reductions: Any, options: MitigationOptions, learner: Learner) -> Any:
    constraint = {"demographic_parity": reductions.DemographicParity, "equalized_odds": reductions.EqualizedOdds}
    return reductions.ExponentiatedGradient(
        learner,
        constraint[options.constraint](difference_bound=options.slack),
        eps=options.slack,
        max_iter=options.rounds,
    )


def _learner(lesson: Lesson, learned: Examples, options: TrainOptions, cells: Cells, network: Network) -> Learner:
    from tasks.fit.loop import Trainer

    start, favourable, plan, fitted = network.trained.get_weights(), cells.favourable, _plan(options), [0]

    def fit(is_favourable: Flags, weights: NDArray[np.float32]) -> Network:
        labels = np.where(is_favourable, favourable, 1 - favourable).astype(np.int32)
        examples = replace(learned, targets=lambda rows: labels[rows], weights=weights)
        member = lesson.build()
        member.trained.set_weights(start)
        fitted[0] += 1
        report(Progress("train", fitted[0], fitted[0] + 1, f"network {fitted[0]} of the exponentiated gradient"))
        Trainer(member, lesson.loss, Batches(examples, options.batch_size, options.seed), plan).fit()
        return member

    return Learner(fit, lambda member: log_odds(member, learned, favourable) > 0)


def _plan(options: TrainOptions) -> FitPlan:
    from tasks.fit.loop import FitPlan

    return FitPlan(
        epochs=options.mitigation.round_epochs,
        optimizer=options.optimizer.model_copy(update={"average_decay": 0.0, "average_epochs": 0}),
        checkpoint_steps=0,
        seed=options.seed,
        speed=options.speed.model_copy(update={"xla": "off"}),  # graphs are small, and each is trained once
    )


def _mixture(lesson: Lesson, game: Any, favourable: int) -> Network:
    from tasks.model.mixture import mixture

    shares = {place: float(share) for place, share in game.weights_.items() if share >= LEAST_SHARE}
    networks = [_network(lesson, game.predictors_[place], favourable) for place in shares]
    total = sum(shares.values())
    log.info("shares of networks in the mixture: %s", ", ".join(f"{share:.3f}" for share in shares.values()))
    return mixture(networks, [share / total for share in shares.values()])


def _network(lesson: Lesson, predictor: Any, favourable: int) -> Network:
    """A learner's network; or where fairlearn found that all should be told the same, one that tells so."""
    network: Network = predictor.network if isinstance(predictor, Learner) else lesson.build()
    if isinstance(predictor, Learner):
        return network
    (told,) = predictor.predict([[0]])
    bias = np.zeros(2, np.float32)
    bias[favourable if told else 1 - favourable] = 30.0
    head = network.trained.get_layer("logits")
    head.set_weights([np.zeros_like(head.get_weights()[0]), bias])
    return network
