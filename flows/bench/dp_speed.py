"""What a private step costs: over a plain step of the same training, and over TensorFlow Privacy's private steps.

Batches of 256, in the mean where rows are sampled by chance. A private step has all that it takes: the rows' sampling,
the clipped gradients, the noise, and the optimiser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.bench.dp_peers import CLIP, NOISE, VECTORISED, Make, makers
from flows.bench.dp_subjects import Subject, images, table
from flows.bench.report import Row, measure, time_row
from infra.progress import Progress, report

REPEATS = 40
BATCH = 256
_STEPS, _PEER_STEPS, _FEW = 4, 2, 1
"""In one measurement, short, so that what else the machine does falls on all alike: of a plain and of a private step,
of a peer's, and of one that takes seconds."""
_PLAIN_BARS, _PEER_BARS = (1.8, 1.4), (1.0, 1.0)
_SAME_ROWS = 24
_SEED = 7


def run(repeats: int) -> list[Row]:
    """Ratios of times a step: less is better."""
    return [row for subject in (table(), images()) for row in compare(subject, repeats)]


def compare(subject: Subject, repeats: int) -> list[Row]:
    """Of one network."""
    network = subject.build()
    size = sum(int(np.prod(weight.shape)) for weight in network.trained.trainable_variables)
    case = f"{subject.name}, {size:,} weights, s/step"
    report(Progress("dp-speed", 0, 2, f"{subject.name}: plain and private"))
    ours, plain = _times({"ours": (private_step(subject), _STEPS), "plain": (plain_step(subject), _STEPS)}, repeats)
    rows = [time_row(case, "plain step", ours, plain, _PLAIN_BARS, is_sum(subject))]
    report(Progress("dp-speed", 1, 2, f"{subject.name}: TensorFlow Privacy"))
    for name, make in makers().items():
        peer_repeats, steps = (1, _FEW) if name == VECTORISED else (max(3, repeats // 8), _PEER_STEPS)
        taken = {"ours": (private_step(subject), _STEPS), name: (_peer_step(subject, make), steps)}
        ours, theirs = _times(taken, peer_repeats)
        rows.append(time_row(case, name, ours, theirs, _PEER_BARS, is_like(subject, make)))
    report(Progress("dp-speed", 1, 1))
    return rows


def plain_step(subject: Subject) -> Callable[[], Any]:
    """Lepton's own step without privacy."""
    from tasks.fit.batches import Batches
    from tasks.fit.losses import cross_entropy
    from tasks.fit.optimizer import weight_groups
    from tasks.fit.step import Step

    network, options = subject.build(), _optimizer()
    batches = Batches(subject.examples, BATCH, _SEED)
    groups = weight_groups(network, options, len(subject.targets))
    step = Step(network.trained, cross_entropy(), groups, options, _SEED, batches.slice(0))
    numbers = count()

    def take() -> Any:
        number = next(numbers)
        return step(batches.slice(number % (batches.steps_per_epoch - 1)), number)  # the last one is smaller

    return take


def private_step(subject: Subject) -> Callable[[], Any]:
    """As `PrivateTrainer` takes it."""
    from tasks.dp.clipping import clip_groups, first_norms, noise_scales
    from tasks.dp.noise import standard_noise
    from tasks.dp.randomness import Randomness
    from tasks.dp.sampling import parts, poisson_sample
    from tasks.dp.step import PrivateStep
    from tasks.fit.losses import cross_entropy
    from tasks.fit.optimizer import weight_groups

    network, examples = subject.build(), subject.examples
    groups = weight_groups(network, _optimizer(), len(examples))
    together = clip_groups([weight for group in groups for weight in group.weights], "flat")
    example = next(parts(examples, np.arange(1), 1))
    step = PrivateStep(network.trained, cross_entropy(), groups, together, BATCH, example)
    norms, random, numbers = first_norms(CLIP, 1), Randomness(), count()

    def take() -> Any:
        number = next(numbers)
        rows = poisson_sample(len(examples), BATCH / len(examples), random.of(number, "rows"))
        noise = standard_noise(sum(step.sizes), random.of(number, "noise"))
        seed = random.of(number, "dropout").integers(-(2**31), 2**31, 2, np.int32)
        return step(parts(examples, rows, 2 * BATCH), norms, noise_scales(norms, NOISE), noise, seed)

    return take


def is_sum(subject: Subject) -> bool:
    """Whether our clipped gradients are right as far as one can tell without clipping."""
    from infra.errors import RecipeError
    from tasks.dp.gradients.checks import check_gradients
    from tasks.dp.gradients.clipped import ClippedGradients
    from tasks.fit.losses import cross_entropy

    model = subject.build().trained
    gradients = ClippedGradients(model, model.trainable_variables, cross_entropy())
    try:
        check_gradients(gradients, subject.some(slice(_SAME_ROWS)), subject.targets[:_SAME_ROWS])
    except RecipeError:
        return False
    return True


def is_like(subject: Subject, make: Make) -> bool:
    """Whether a peer without noise moves the weights by the mean of our clipped gradients."""
    import tensorflow as tf

    from tasks.dp.gradients.clipped import ClippedGradients
    from tasks.fit.losses import cross_entropy

    inputs, targets = subject.some(slice(_SAME_ROWS)), subject.targets[:_SAME_ROWS]
    model = subject.build().trained
    gradients = tf.function(ClippedGradients(model, model.trainable_variables, cross_entropy()), autograph=False)
    batch = tf.nest.map_structure(tf.constant, (inputs, targets))
    ours = [one.numpy() / _SAME_ROWS for one in gradients(*batch, tf.ones(_SAME_ROWS), tf.constant([CLIP])).sums]
    weights, take = make(subject, True)
    before = [weight.numpy() for weight in weights]
    take(inputs, targets)
    theirs = [old - weight.numpy() for old, weight in zip(before, weights, strict=True)]
    return all(np.allclose(one, other, atol=1e-6) for one, other in zip(ours, theirs, strict=True))


def _peer_step(subject: Subject, make: Make) -> Callable[[], Any]:
    """On batches of one size, which spares a peer what changing sizes cost us."""
    _, step = make(subject, False)
    batches = _batches(len(subject.targets))

    def take() -> Any:
        rows = next(batches)
        return step(subject.some(rows), subject.targets[rows])

    return take


def _batches(rows: int) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(_SEED)
    while True:
        yield random.integers(0, rows, BATCH)


def _times(steps: dict[str, tuple[Callable[[], Any], int]], repeats: int) -> list[list[float]]:
    """Seconds a step of each, in turn."""
    measured = measure({name: _often(take, number) for name, (take, number) in steps.items()}, repeats)
    return [[second / steps[name][1] for second in each.seconds] for name, each in measured.items()]


def _often(take: Callable[[], Any], number: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(number):
            take()

    return work


def _optimizer() -> Any:
    from tasks.fit.config import OptimizerOptions

    return OptimizerOptions(learning_rate=2e-3, weight_decay=0.05)
