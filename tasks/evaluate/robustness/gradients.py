"""Numbers moved along the gradient of the loss, by the adversarial-robustness-toolbox.

FGSM is one step of the sign of the gradient (Goodfellow et al. 2015), PGD several smaller ones from a random start,
each brought back to where no number has moved farther than epsilon (Madry et al. 2018). Both look for the loss of the
true class; numbers are moved as the model gets them, in standard deviations, and categories stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.extras import import_extra
from tasks.evaluate import metrics
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.metrics import Places
from tasks.evaluate.robustness.answers import changed
from tasks.evaluate.robustness.config import Method, RobustnessOptions
from tasks.evaluate.robustness.outcome import Outcome
from tasks.evaluate.scored import Classes
from tasks.evaluate.subject import Subject
from tasks.features.tabular import FARTHEST, TabularFeatures
from tasks.runtime.arrays import Arrays
from tasks.runtime.package import model_path

GRADIENTS: tuple[Method, ...] = ("fgsm", "pgd")
_SMALLEST = 1e-30  # of a probability, before its logarithm is taken
_BATCH = 1024
Numeric = NDArray[np.float32]


def no_gradients(subject: Subject) -> str:
    """Why a model can't be attacked by gradients; empty if it can."""
    features, manifest = subject.predictor.features, subject.predictor.manifest
    if not isinstance(features, TabularFeatures) or not features.numeric:
        return "the model takes no numbers: what it takes, tokens or names, can't be moved a little"
    if manifest.format != "saved_model":
        return f"a model in the format {manifest.format} gives no gradients; see the model that it was made of"
    return ""


def attacks(subject: Subject, places: Places, options: RobustnessOptions) -> Iterator[Outcome]:
    """Attack the rows at some places by each of the methods, at each epsilon.

    Raises:
        MachineError: the toolbox is not installed.
    """
    scored = subject.scored
    if not isinstance(scored, Classes):
        return
    arrays = subject.predictor.features.encode(subject.rows.take(places))
    codes = scored.answers.codes[places]
    codes = np.where(codes < len(scored.answers.labels), codes, scored.answers.told[places])
    estimator, truth = _estimator(subject, arrays), [scored.answers.truth[place] for place in places.tolist()]
    for method in (name for name in options.methods if name in GRADIENTS):
        for epsilon in options.epsilons:
            numeric = _attacked(estimator, method, epsilon, arrays, codes, options)
            outputs = subject.predictor.outputs({**arrays, "numeric": numeric})
            metrics.check_outputs(outputs)
            again = Classes(scored.rows.take(places), ClassAnswers(scored.answers.labels, outputs, truth))
            yield Outcome(method, f"{epsilon:g} standard deviations", again.merits, changed(scored, places, again))


def _estimator(subject: Subject, arrays: Arrays) -> Any:
    """The SavedModel as the toolbox takes it: rows of numbers and, behind them, whatever else it gets."""
    import tensorflow as tf

    classification = import_extra("art.estimators.classification", "attacks")
    owner = tf.saved_model.load(str(model_path(subject.package, subject.predictor.manifest)))
    signature, sides = owner.signatures["serving_default"], _sides(arrays)
    widths = [arrays[name].shape[1] for name in sides]

    def probabilities(rows: Any, **_: Any) -> Any:
        parts = zip(sides, tf.split(rows, widths, axis=1), strict=True)
        return signature(**{name: tf.cast(part, arrays[name].dtype) for name, part in parts})["output"]

    def loss(truth: Any, told: Any) -> Any:
        given = tf.reduce_sum(told * tf.cast(truth, told.dtype), axis=1)
        return -tf.reduce_sum(tf.math.log(tf.maximum(given, _SMALLEST)))

    probabilities.owner = owner  # type: ignore[attr-defined]  # the signature alone does not keep its variables alive
    classes = len(subject.predictor.manifest.labels)
    return classification.TensorFlowV2Classifier(probabilities, classes, _joined(arrays).shape[1:], loss)


def _attacked(
    estimator: Any, method: Method, epsilon: float, arrays: Arrays, codes: Places, options: RobustnessOptions
) -> Numeric:
    """The numbers, each moved by no more than epsilon."""
    evasion = import_extra("art.attacks.evasion", "attacks")
    numbers = arrays["numeric"].shape[1]
    if method == "fgsm":
        attack = evasion.FastGradientMethod(estimator, eps=epsilon, batch_size=_BATCH)
    else:
        attack = evasion.ProjectedGradientDescent(
            estimator,
            eps=epsilon,
            eps_step=min(epsilon, 2.5 * epsilon / options.pgd_steps),  # enough to get from one end to the other
            max_iter=options.pgd_steps,
            num_random_init=1,
            batch_size=_BATCH,
            verbose=False,
        )
    rows = _joined(arrays)
    mask = np.broadcast_to(np.arange(rows.shape[1]) < numbers, rows.shape).astype(np.float32)
    truth = np.eye(estimator.nb_classes, dtype=np.float32)[codes]
    with _seeded(options.seed):
        moved = attack.generate(rows, truth, mask=mask)[:, :numbers]
    return np.asarray(np.clip(moved, -FARTHEST, FARTHEST), np.float32)


def _joined(arrays: Arrays) -> Numeric:
    """All arrays side by side as floats, which hold so small whole numbers exactly."""
    return np.concatenate([arrays[name] for name in _sides(arrays)], axis=1, dtype=np.float32)


def _sides(arrays: Arrays) -> list[str]:
    """The numbers first."""
    return sorted(arrays, key=lambda name: (name != "numeric", name))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The toolbox draws from NumPy's global generator; what others draw from it stays as it would have been."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
