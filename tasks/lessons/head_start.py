"""A new head begun as the logistic regression on what the encoder makes of texts before it learns.

Probing before fine-tuning (Kumar et al. 2022): a head that is right from the start sends the encoder no gradients that
only make up for the head's ignorance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.progress import Progress, report
from tasks.fit.batches import Examples
from tasks.model.network import Network

Floats = NDArray[np.float32]
BATCH_ROWS = 256
_MOST_STEPS = 200  # of the regression's solver; it need not come to its end


def start_head(network: Network, examples: Examples, strength: float) -> None:
    """Give the classifier's head the weights of the regression; `strength` is as for `logistic_head`.

    To be called within the scope of the strategy that the network was made in.
    """
    classes = np.asarray(examples.targets(np.arange(len(examples))))
    found = logistic_head(encoder_vectors(network, examples), classes, strength, examples.weights)
    for weight, value in zip(network.head, _agreed(found), strict=True):
        weight.assign(value)


def encoder_vectors(network: Network, examples: Examples) -> Floats:
    """What the encoder gives for each row (rows, size), without dropout; rows of similar length go together."""
    encoder: Any = network.trained.get_layer("encoder")
    count = len(examples)
    order = np.arange(count) if examples.lengths is None else np.argsort(examples.lengths, kind="stable")
    parts = []
    for start in range(0, count, BATCH_ROWS):
        parts.append(encoder(examples.inputs(order[start : start + BATCH_ROWS]), training=False).numpy())
        report(Progress("train", start, count, "the head's start"))
    vectors = np.empty((count, parts[0].shape[1]), np.float32)
    vectors[order] = np.concatenate(parts)
    return vectors


def logistic_head(
    vectors: Floats, classes: NDArray[Any], strength: float, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Kernel (size, classes) and bias (classes,) of a softmax over `classes`, which are 0 up to the highest.

    Args:
        strength: inverse of the L2 penalty on weights over vectors of mean 0 and, on the whole, variance 1, as
            scikit-learn's `C`.
        weights: how much each row counts; all alike where there are none.
    """
    from sklearn.linear_model import LogisticRegression

    centre = vectors.mean(axis=0)
    scale = (vectors - centre).std()
    model = LogisticRegression(C=strength, max_iter=_MOST_STEPS).fit((vectors - centre) / scale, classes, weights)
    kernel, offsets = model.coef_ / scale, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn has one score then, the log odds of the second class
        kernel, offsets = np.vstack([-kernel, kernel]) / 2, np.concatenate([-offsets, offsets]) / 2
    return kernel.T.astype(np.float32), (offsets - kernel @ centre).astype(np.float32)


def _agreed(values: tuple[Floats, ...]) -> tuple[Any, ...]:
    """The mean over all workers: rounding may differ between them, and weights must not."""
    import tensorflow as tf

    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return values

    def on_one(*own: Any) -> Any:
        placed = [tf.identity(one) for one in own]  # an argument lies on no device, and would be refused
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, placed)

    @tf.function  # type: ignore[untyped-decorator]
    def on_all(*own: Any) -> Any:
        return [strategy.experimental_local_results(one)[0] for one in strategy.run(on_one, args=own)]

    return tuple(on_all(*map(tf.constant, values)))
