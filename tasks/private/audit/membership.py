"""Attacks that tell rows a model learned from by how it answers them.

The two that TensorFlow Privacy has at its heart, a threshold on the loss (Yeom et al. 2018) and a logistic regression
on the outputs (Shokri et al. 2017, without shadow models). They are written anew because the wheel of its version 0.9
forwards to a module, `privacy_tests`, that it does not hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.private.audit.roc import Roc, roc

Floats = NDArray[np.floating[Any]]
_FOLDS = 5
_FEATURES = 10  # the largest outputs; with hundreds of classes the rest is noise


def threshold_attack(member_losses: Floats, other_losses: Floats) -> Roc:
    """Rows of a small loss are members."""
    return roc("loss threshold", -member_losses, -other_losses)


def regression_attack(members: tuple[Floats, Floats], others: tuple[Floats, Floats], seed: int) -> Roc:
    """A logistic regression on loss and sorted outputs; each row is scored by one that was not fitted on it.

    Args:
        members, others: losses (n,) and outputs (n, classes).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.concatenate([_features(*members), _features(*others)])
    truth = np.arange(len(features)) < len(members[0])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(model, features, truth, cv=folds, method="decision_function")
    return roc("logistic regression", scores[truth], scores[~truth])


def _features(losses: Floats, outputs: Floats) -> Floats:
    return np.column_stack([losses, np.sort(outputs, axis=1)[:, ::-1][:, :_FEATURES]])
